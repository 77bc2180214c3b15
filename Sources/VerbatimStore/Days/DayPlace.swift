import Databases
import VerbatimModel

/// Where the rows of one day are, as `verbatim_day_tables` has it. A day may have rows in the single tables and in its
/// own, when the setting was changed during the day.
struct DayPlace: Sendable, Equatable {
  let day: Day
  var hasSingleRows: Bool
  var hasMessageTable: Bool
  var hasErrorTable: Bool

  /// A day that is not entered has whatever it has in the single tables.
  static func unentered(_ day: Day) -> DayPlace {
    DayPlace(day: day, hasSingleRows: true, hasMessageTable: false, hasErrorTable: false)
  }

  /// Reads `DayPlace.columns`, which begin at `column`.
  init(day: Day, _ row: Row, from column: Int) {
    self.init(
      day: day, hasSingleRows: row.integer(column) != 0, hasMessageTable: row.integer(column + 1) != 0,
      hasErrorTable: row.integer(column + 2) != 0)
  }

  init(day: Day, hasSingleRows: Bool, hasMessageTable: Bool, hasErrorTable: Bool) {
    self.day = day
    self.hasSingleRows = hasSingleRows
    self.hasMessageTable = hasMessageTable
    self.hasErrorTable = hasErrorTable
  }

  /// Of `verbatim_day_tables AS t`, joined to something by its day.
  static let columns = "coalesce(t.single_rows, 1), coalesce(t.message_table, 0), coalesce(t.error_table, 0)"

  var isSingleOnly: Bool { hasSingleRows && !hasMessageTable && !hasErrorTable }

  /// The tables that hold messages of the day; a single one holds those of other days, too.
  var messageTables: [String] {
    (hasSingleRows ? [Partition.whole.messages.table] : [])
      + (hasMessageTable ? [Partition.messageTable(of: day)] : [])
  }

  /// The tables that hold failures of the day, likewise.
  var errorTables: [String] {
    (hasSingleRows ? [Partition.whole.failures.table] : []) + (hasErrorTable ? [Partition.errorTable(of: day)] : [])
  }

  /// The names of the day's own tables.
  var tables: [String] {
    (hasMessageTable ? [Partition.messageTable(of: day)] : []) + (hasErrorTable ? [Partition.errorTable(of: day)] : [])
  }
}

extension Connection {
  /// Of all days that are entered, in their order.
  func dayPlaces() throws -> [DayPlace] {
    try query(
      """
      SELECT t.day, \(unsafeSQL: DayPlace.columns)
      FROM verbatim_day_tables AS t
      ORDER BY t.day
      """
    ) { row in DayPlace(day: Day(number: Int32(clamping: row.integer(0))), row, from: 1) }
  }

  /// nil for a day that is not entered.
  func dayPlace(of day: Day) throws -> DayPlace? {
    try first(
      """
      SELECT \(unsafeSQL: DayPlace.columns)
      FROM verbatim_day_tables AS t
      WHERE t.day = \(day.number)
      """
    ) { row in DayPlace(day: day, row, from: 0) }
  }

  /// The names of the tables of days that there are.
  func historyTables() throws -> Set<String> {
    Set(try query(try dialect().schema.historyTables) { $0.text(0) }.filter { Partition.day(ofTable: $0) != nil })
  }

  /// Enters where a day's rows are. `hasLeftovers`: nil leaves it as it is.
  func enter(_ place: DayPlace, hasLeftovers: Bool? = nil) throws {
    var changes: [BulkInsert.Change] = [
      .init("single_rows", .replace), .init("message_table", .replace), .init("error_table", .replace),
    ]
    if hasLeftovers != nil { changes.append(.init("leftovers", .replace)) }
    let columns: [BulkInsert.Column] = [
      .init("day", .integer), .init("single_rows", .integer), .init("message_table", .integer),
      .init("error_table", .integer), .init("leftovers", .integer),
    ]
    let entry = BulkInsert(into: "verbatim_day_tables", columns, onConflict: .update(key: ["day"], changes: changes))
    try insert(entry, rows: 1) { _, binds in
      binds.integer(Int64(place.day.number))
      binds.integer(place.hasSingleRows ? 1 : 0)
      binds.integer(place.hasMessageTable ? 1 : 0)
      binds.integer(place.hasErrorTable ? 1 : 0)
      binds.integer(hasLeftovers == true ? 1 : 0)
    }
  }
}

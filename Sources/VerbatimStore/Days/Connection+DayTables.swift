import Databases
import VerbatimModel

/// Makes tables of days, enters them, and notices those that are gone. Many replicas may do it at once: each does it
/// while no other does (`SchemaStatements.makingDayTables`).
extension Connection {
  /// Makes what a batch needs and is not known to be there. Not inside a transaction: definitions would commit it.
  func prepare(_ tables: DayTables, for batch: [PendingExchange]) throws {
    let needs: [DayTables.Need] = tables.missing(for: batch)
    if !needs.isEmpty { try make(needs, in: tables) }
  }

  func make(_ needs: [DayTables.Need], in tables: DayTables) throws {
    let dialect: Dialect = try dialect()
    try dialect.schema.makingDayTables(on: self) {
      for day in Set(needs.map(\.day)).sorted() {
        try make(Set(needs.filter { $0.day == day }.map(\.kind)), of: day, tables, dialect)
      }
    }
    tables.note(needs)
  }

  private func make(_ kinds: Set<DayTables.Need.Kind>, of day: Day, _ tables: DayTables, _ dialect: Dialect) throws {
    let entered: DayPlace? = try dayPlace(of: day).map { try noticeGone($0, tables) }
    var place: DayPlace = try entered ?? firstPlace(of: day, tables)
    if kinds.contains(.singleRows) { place.hasSingleRows = true }
    if kinds.contains(.messageTable) || kinds.contains(.errorTable), !place.hasMessageTable {
      try makeTable(Partition.messageTable(of: day), hasFailures: false, dialect)
      place.hasMessageTable = true
    }
    if kinds.contains(.errorTable), !place.hasErrorTable {
      try makeTable(Partition.errorTable(of: day), hasFailures: true, dialect)
      place.hasErrorTable = true
    }
    // A server of an older version may have made them.
    for table in place.tables { try addBatchColumn(to: table) }
    guard place != entered else { return }
    try enter(place)
    try execute("UPDATE verbatim_partitions SET state = 'open' WHERE day = \(day.number) AND state <> 'open'")
  }

  private func makeTable(_ name: String, hasFailures: Bool, _ dialect: Dialect) throws {
    try executeScript(dialect.schema.historyTable(named: name, hasFailures: hasFailures, dialect))
  }

  /// A day that is entered for the first time may have rows from before it could be.
  private func firstPlace(of day: Day, _ tables: DayTables) throws -> DayPlace {
    var place = DayPlace.unentered(day)
    let ids: Range<UUIDv7> = tables.calendar.ids(of: day)
    place.hasSingleRows =
      try first(
        """
        SELECT 1 FROM conversation_histories WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        UNION ALL
        SELECT 1 FROM error_conversation_histories WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        LIMIT 1
        """
      ) { _ in true } ?? false
    return place
  }

  /// Tables of days that are entered and gone.
  func goneTables() throws -> [String] {
    let places: [DayPlace] = try dayPlaces()
    let tables: Set<String> = try historyTables()
    return places.flatMap(\.tables).filter { !tables.contains($0) }
  }

  /// Enters that these days' tables are gone, where they are; answers the names of those of which nobody had.
  func enterGone(_ days: Set<Day>, _ tables: DayTables) throws -> [String] {
    tables.forget(days)
    var gone: [String] = []
    try dialect().schema.makingDayTables(on: self) {
      for day in days.sorted() {
        guard let entered = try dayPlace(of: day) else { continue }
        let left: [String] = try noticeGone(entered, tables).tables
        gone += entered.tables.filter { !left.contains($0) }
      }
    }
    return gone
  }

  /// Compares a day's entry with the tables that there are, and enters what is gone.
  private func noticeGone(_ entered: DayPlace, _ tables: DayTables) throws -> DayPlace {
    let dialect: Dialect = try dialect()
    func isGone(_ table: String) throws -> Bool { try first(dialect.schema.table(named: table)) { _ in true } == nil }
    var place: DayPlace = entered
    if place.hasMessageTable, try isGone(Partition.messageTable(of: place.day)) { place.hasMessageTable = false }
    if place.hasErrorTable, try isGone(Partition.errorTable(of: place.day)) { place.hasErrorTable = false }
    if place != entered { try enterDropped(place, before: entered, tables) }
    return place
  }

  /// The register counts what is there, so a dropped table's share goes; `verbatim_usage_by_day` keeps what was.
  func enterDropped(_ place: DayPlace, before: DayPlace, _ tables: DayTables) throws {
    let ids: Range<UUIDv7> = tables.calendar.ids(of: place.day)
    let rest: DayCount = place.hasSingleRows ? try countSingleRows(ids) : DayCount()
    if before.hasMessageTable && !place.hasMessageTable {
      try execute(
        """
        UPDATE verbatim_partitions
        SET bytes = CASE WHEN messages > 0 THEN bytes / messages * \(rest.messages) ELSE 0 END,
          exchanges = \(rest.exchanges), messages = \(rest.messages)
        WHERE day = \(place.day.number)
        """)
    }
    if before.hasErrorTable && !place.hasErrorTable {
      try execute("UPDATE verbatim_partitions SET errors = \(rest.errors) WHERE day = \(place.day.number)")
    }
    try enter(place, hasLeftovers: true)
    let state: String = place.hasSingleRows || place.hasMessageTable || place.hasErrorTable ? "open" : "dropped"
    try execute(
      "UPDATE verbatim_partitions SET state = \(state), dropped_at = \(tables.now) WHERE day = \(place.day.number)")
  }

  private func countSingleRows(_ ids: Range<UUIDv7>) throws -> DayCount {
    var count: DayCount = try count(rowsOf: Partition.whole.messages.table, ids)
    count.errors = try self.count(rowsOf: Partition.whole.failures.table, ids).messages
    return count
  }

  func count(rowsOf table: String, _ ids: Range<UUIDv7>) throws -> DayCount {
    try first(
      """
      SELECT count(CASE WHEN exchange_id = id THEN 1 END), count(*)
      FROM \(identifier: table)
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      """
    ) { DayCount(exchanges: $0.integer(0), messages: $0.integer(1)) } ?? DayCount()
  }
}

/// How much a day holds.
package struct DayCount: Sendable, Equatable {
  var exchanges: Int64 = 0
  var messages: Int64 = 0
  var errors: Int64 = 0

  static func - (count: DayCount, part: DayCount) -> DayCount {
    DayCount(
      exchanges: count.exchanges - part.exchanges, messages: count.messages - part.messages,
      errors: count.errors - part.errors)
  }
}

/// A day is not what it was when it was looked through, so it is not dropped.
package struct DayHasChanged: Error, CustomStringConvertible {
  package let day: Day

  package var description: String { "\(day) has changed since it was looked through" }
}

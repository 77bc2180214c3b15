import Databases
import VerbatimModel

/// Drops the rows of a day.
extension Connection {
  /// Rows of the single tables that one transaction deletes, about.
  private static let rowsAtOnce = 1_000

  /// Drops the day's own tables, if it has any.
  func dropTables(of day: Day, _ tables: DayTables) throws {
    tables.forget([day])
    try dialect().schema.makingDayTables(on: self) {
      guard let entered = try dayPlace(of: day), !entered.tables.isEmpty else { return }
      // It may show the day; PostgreSQL would keep the table for it, the others a view that is broken.
      try executeScript("DROP VIEW IF EXISTS \(RecentView.name)")
      for table in entered.tables { try executeScript("DROP TABLE IF EXISTS \(table)") }
      var place: DayPlace = entered
      place.hasMessageTable = false
      place.hasErrorTable = false
      try enterDropped(place, before: entered, tables)
    }
  }

  /// Deletes some of the day's rows in the single tables; answers whether there may be more.
  func deleteSomeSingleRows(of day: Day, _ tables: DayTables) throws -> Bool {
    let ids: Range<UUIDv7> = tables.calendar.ids(of: day)
    return try transaction {
      // Who drops the same day at the same time waits here, or both would count the same rows.
      try execute("UPDATE verbatim_partitions SET state = state WHERE day = \(day.number)")
      let failures: DayCount = try deleteFirstRows(of: Partition.whole.failures.table, ids)
      let messages: DayCount = try deleteFirstRows(of: Partition.whole.messages.table, ids)
      guard failures.messages + messages.messages > 0 else { return false }
      try execute(
        """
        UPDATE verbatim_partitions
        SET exchanges = exchanges - \(messages.exchanges), messages = messages - \(messages.messages),
          errors = errors - \(failures.messages), dropped_at = \(tables.now)
        WHERE day = \(day.number)
        """)
      try enter(dayPlace(of: day) ?? .unentered(day), hasLeftovers: true)
      return true
    }
  }

  /// Whole milliseconds, so that an exchange's rows go together.
  private func deleteFirstRows(of table: String, _ ids: Range<UUIDv7>) throws -> DayCount {
    let last: UUIDv7? = try first(
      """
      SELECT id
      FROM \(identifier: table)
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      ORDER BY id
      LIMIT 1 OFFSET \(Self.rowsAtOnce - 1)
      """
    ) { try $0.uuid(0) }
    let end: UUIDv7 = last.map { min(.lowest(at: $0.milliseconds + 1), ids.upperBound) } ?? ids.upperBound
    let part: Range<UUIDv7> = ids.lowerBound..<end
    let count: DayCount = try count(rowsOf: table, part)
    if count.messages > 0 {
      try execute("DELETE FROM \(identifier: table) WHERE id >= \(part.lowerBound) AND id < \(part.upperBound)")
    }
    return count
  }

  /// Enters that nothing is left of a day.
  func enterEmptied(_ day: Day) throws {
    try execute(
      """
      UPDATE verbatim_partitions
      SET state = 'dropped', bytes = 0
      WHERE day = \(day.number) AND exchanges = 0 AND messages = 0 AND errors = 0 AND dropped_at IS NOT NULL
      """)
  }
}

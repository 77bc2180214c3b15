import Databases
import VerbatimModel

/// Takes away what dropped days, and purges, leave in the tables that hold all days: keys, files, ids of responses, and the days on
/// which conversations were active. In bounded steps: each finds some rows that lead nowhere, and deletes those.
///
/// What belongs to an exchange that is there is never touched: a key that was claimed again, or a day that was written
/// again after it was dropped.
extension Connection {
  static let leftoversAtOnce = 500

  func daysWithLeftovers() throws -> Set<Day> {
    Set(
      try query("SELECT day FROM verbatim_day_tables WHERE leftovers <> 0") {
        Day(number: Int32(clamping: $0.integer(0)))
      })
  }

  func enterSwept(_ days: Set<Day>) throws {
    for day in days.sorted() { try execute("UPDATE verbatim_day_tables SET leftovers = 0 WHERE day = \(day.number)") }
  }

  /// Some rows that lead nowhere, and where to go on; nil at the end.
  func leftovers(
    in referrer: ExchangeReferrer, of days: Set<Day>, behind cursor: [SQLValue]?, _ calendar: PartitionCalendar
  ) throws -> (rows: [ExchangeReference], next: [SQLValue]?) {
    try snapshot {
      let map: HistoryMap = try historyMap(calendar)
      let ids: [Range<UUIDv7>] = days.sorted().map(calendar.ids)
      let found: [ExchangeReference] = try references(
        of: referrer, behind: cursor, ids: ids, limit: Self.leftoversAtOnce)
      return (try missing(found, map), found.count == Self.leftoversAtOnce ? found.last?.key : nil)
    }
  }

  func delete(_ rows: [ExchangeReference], from referrer: ExchangeReferrer) throws {
    try transaction {
      for row in rows {
        var condition: SQL = "exchange_id = \(row.exchangeID)"
        for (column, value) in zip(referrer.columns, row.key) {
          condition = "\(condition) AND \(unsafeSQL: column) = \(value)"
        }
        try execute("DELETE FROM \(identifier: referrer.table) WHERE \(condition)")
      }
    }
  }

  /// Deletes the marks of some conversations that have no rows on these days; answers where to go on, nil at the end.
  ///
  /// A batch that writes such rows meanwhile locks its conversation before it marks the day, so the conversation is
  /// locked first: either its rows are seen then, or it marks the day afterwards.
  func deleteActiveDays(
    _ days: Set<Day>, behind cursor: [SQLValue]?, _ calendar: PartitionCalendar
  ) throws -> [SQLValue]? {
    let columns = ["account_id", "conversation_id", "day"]
    let isBehind: SQL = try cursor.map { try dialect().isBehind($0, in: columns) } ?? "1 = 1"
    let marks: [(account: String, conversation: String, day: Day)] = try query(
      """
      SELECT account_id, conversation_id, day
      FROM verbatim_conversation_days
      WHERE \(isBehind) AND day IN (\(list: days.sorted().map(\.number)))
      ORDER BY account_id, conversation_id, day
      LIMIT \(Self.leftoversAtOnce)
      """
    ) { row in (row.text(0), row.text(1), Day(number: Int32(clamping: row.integer(2)))) }
    try transaction {
      for mark in marks {
        let ids: Range<UUIDv7> = calendar.ids(of: mark.day)
        try deleteActiveDay(mark.day, ids, of: mark.conversation, account: mark.account)
      }
    }
    guard marks.count == Self.leftoversAtOnce, let last = marks.last else { return nil }
    return [.text(last.account), .text(last.conversation), last.day.number.sqlValue]
  }

  /// Deletes the mark of a day on which the conversation has no rows left, and what says which of their items were
  /// removed.
  func deleteActiveDay(
    _ day: Day, _ ids: Range<UUIDv7>, of conversation: String, account: String
  ) throws {
    try execute(
      "UPDATE conversations SET updated_at = updated_at WHERE account_id = \(account) AND id = \(conversation)")
    let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
    for table in place.messageTables + place.errorTables {
      let row: Bool? = try first(
        """
        SELECT 1
        FROM \(identifier: table)
        WHERE account_id = \(account) AND conversation_id = \(conversation)
          AND id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        LIMIT 1
        """
      ) { _ in true }
      if row != nil { return }
    }
    try emptyInputs(of: conversation, account: account)
    try execute(
      """
      DELETE FROM verbatim_conversation_days
      WHERE account_id = \(account) AND conversation_id = \(conversation) AND day = \(day.number)
      """)
    try execute(
      """
      DELETE FROM verbatim_removed_items
      WHERE account_id = \(account) AND conversation_id = \(conversation)
        AND message_id >= \(ids.lowerBound) AND message_id < \(ids.upperBound)
      """)
  }
}

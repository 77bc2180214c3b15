import Databases
import VerbatimModel

/// Empties what was said on a day; its rows and all that counts them stay.
extension Connection {
  private static let bodiesAtOnce = 500

  /// Empties some rows behind `cursor`; answers where to go on, nil at the end of the table.
  func emptyBodies(of table: String, _ ids: Range<UUIDv7>, behind cursor: UUIDv7?) throws -> UUIDv7? {
    let start: UUIDv7 = cursor?.adding(1) ?? ids.lowerBound
    let last: UUIDv7? = try first(
      """
      SELECT id
      FROM \(identifier: table)
      WHERE id >= \(start) AND id < \(ids.upperBound)
      ORDER BY id
      LIMIT 1 OFFSET \(Self.bodiesAtOnce - 1)
      """
    ) { try $0.uuid(0) }
    let upper: SQL = last.map { "id <= \($0)" } ?? "id < \(ids.upperBound)"
    let range: SQL = "id >= \(start) AND \(upper)"
    let message: SQL = Partition.isErrorTable(table) ? ", error_message = NULL" : ""
    try execute(
      """
      UPDATE \(identifier: table)
      SET content = NULL, content_kind = 'none', raw = NULL, tool_calls = NULL, request = NULL, inputs = NULL,
        other = NULL\(message)
      WHERE \(range)
      """)
    try emptyInputs(ofConversationsIn: table, where: range)
    return last
  }

  /// A conversation has the inputs of the exchange that it began with.
  private func emptyInputs(ofConversationsIn table: String, where range: SQL) throws {
    let active: [(account: ExactText, id: String)] = try query(
      "SELECT DISTINCT account_id, conversation_id FROM \(identifier: table) WHERE \(range)"
    ) { (ExactText($0.text(0)), $0.text(1)) }
    for (account, some) in Dictionary(grouping: active, by: \.account) {
      try execute(
        """
        UPDATE conversations
        SET inputs = NULL
        WHERE account_id = \(account.text) AND id IN (\(list: some.map(\.id))) AND inputs IS NOT NULL
        """)
    }
  }

  /// As what is emptied, for a conversation of which a day was dropped.
  func emptyInputs(of conversation: String, account: String) throws {
    try execute(
      """
      UPDATE conversations
      SET inputs = NULL
      WHERE account_id = \(account) AND id = \(conversation) AND inputs IS NOT NULL
      """)
  }

  /// Days before `day` whose bodies are still there.
  func daysWithBodies(before day: Day) throws -> [Day] {
    try query(
      """
      SELECT day
      FROM verbatim_partitions
      WHERE day < \(day.number) AND state NOT IN ('dropped', 'emptied') AND exchanges + errors > 0
      ORDER BY day
      """
    ) { Day(number: Int32(clamping: $0.integer(0))) }
  }

  /// To be said before rows are emptied: who writes to the day meanwhile makes it `open` again, to be emptied once more.
  func enterEmptyingBodies(_ day: Day) throws {
    try execute("UPDATE verbatim_partitions SET state = 'emptying' WHERE day = \(day.number)")
  }

  func enterBodiesEmptied(_ day: Day) throws {
    try execute("UPDATE verbatim_partitions SET state = 'emptied' WHERE day = \(day.number) AND state = 'emptying'")
  }
}

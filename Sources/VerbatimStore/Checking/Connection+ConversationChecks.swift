import Databases
import VerbatimModel

/// Compares the counters of conversations with their rows, which may be in many tables: so many conversations at a time
/// as memory is to be used for, and each table once for these, by its index.
extension Connection {
  private static let conversationsAtOnce = 50_000

  private struct Key: Hashable {
    let accountID: ExactText
    let id: ExactText

    var values: [SQLValue] { [.text(accountID.text), .text(id.text)] }
  }

  func checkConversations(_ map: HistoryMap) throws -> [String] {
    var findings: [String] = []
    let dropped: [Range<Int64>] = map.droppedSpans
    var start: Key?
    while findings.count < Check.limit {
      let conversations: [CountedConversation] = try conversations(behind: start, dropped)
      let last: Key? = conversations.last.map(Self.key)
      let isLast: Bool = conversations.count < Self.conversationsAtOnce
      var sums: [Key: ConversationSums] = try sums(map, behind: start, upTo: isLast ? nil : last)
      for conversation in conversations {
        findings += conversation.findings(sums.removeValue(forKey: Self.key(conversation)) ?? ConversationSums())
      }
      findings += sums.map { Self.finding(of: $0, without: $1) }
      guard !isLast, let last else { break }
      start = last
    }
    return Array(findings.prefix(Check.limit * 3))
  }

  private static func key(_ conversation: CountedConversation) -> Key {
    Key(accountID: ExactText(conversation.accountID), id: ExactText(conversation.id))
  }

  private static func finding(of key: Key, without sums: ConversationSums) -> String {
    let name = "\(key.accountID.text)/\(key.id.text)"
    guard sums.messages > 0 else {
      return "conversations of failed exchanges: \(name) has failed exchanges, but no row in conversations"
    }
    return
      "counters of conversations: \(name) holds \(sums.exchanges) exchanges and \(sums.messages) messages, counted "
      + "as none and none"
  }

  private func conversations(behind start: Key?, _ dropped: [Range<Int64>]) throws -> [CountedConversation] {
    let dialect: Dialect = try dialect()
    let condition: SQL = start.map { dialect.isBehind($0.values, in: ["account_id", "id"]) } ?? "1 = 1"
    return try query(
      """
      SELECT account_id, id, dialogue_count, message_count, error_count, total_tokens, total_price, created_at,
        last_active_at,
        CASE WHEN metadata LIKE '{"legacy":%' OR metadata LIKE 'enc:v1:%' OR source = \(NewConversation.source)
          THEN 1 ELSE 0 END,
        CASE WHEN EXISTS (
          SELECT 1 FROM verbatim_purges AS p WHERE p.account_id = c.account_id AND p.conversation_id = c.id
        ) THEN 1 ELSE 0 END
      FROM conversations AS c
      WHERE \(condition)
      ORDER BY account_id, id
      LIMIT \(Self.conversationsAtOnce)
      """
    ) { row in
      let earliest: Int64 = row.integer(7)
      let times: ClosedRange<Int64> = earliest...max(earliest, row.integer(8))
      return CountedConversation(
        accountID: row.text(0), id: row.text(1),
        counted: ConversationSums(
          exchanges: row.integer(2), messages: row.integer(3), errors: row.integer(4), tokens: row.integer(5),
          price: row.integer(6), times: times),
        mayHaveLostRows: row.integer(10) == 1 || dropped.contains { $0.overlaps(times) },
        hasOwnTimes: row.integer(9) == 1)
    }
  }

  /// `end`: nil for all conversations behind `start`, also those that have no row in `conversations`.
  private func sums(_ map: HistoryMap, behind start: Key?, upTo end: Key?) throws -> [Key: ConversationSums] {
    let dialect: Dialect = try dialect()
    let columns = ["account_id", "conversation_id"]
    let lower: SQL = start.map { dialect.isBehind($0.values, in: columns) } ?? "1 = 1"
    let upper: SQL = end.map { "NOT \(dialect.isBehind($0.values, in: columns))" } ?? "1 = 1"
    var sums: [Key: ConversationSums] = [:]
    let tables: [(name: String, hasFailures: Bool)] =
      map.messageTables.map { ($0, false) } + map.errorTables.map { ($0, true) }
    for table in tables {
      try forEachRow(
        "\(Self.sums(of: table.name, dialect)) WHERE \(lower) AND \(upper) GROUP BY account_id, conversation_id"
      ) {
        row in
        let key = Key(accountID: ExactText(row.text(0)), id: ExactText(row.text(1)))
        sums[key, default: ConversationSums()].add(Self.sums(row, hasFailures: table.hasFailures))
        return true
      }
    }
    return sums
  }

  func sums(of conversation: Conversation, in table: String, hasFailures: Bool) throws -> ConversationSums {
    try first(
      """
      \(Self.sums(of: table, try dialect()))
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      GROUP BY account_id, conversation_id
      """
    ) { Self.sums($0, hasFailures: hasFailures) } ?? ConversationSums()
  }

  private static func sums(of table: String, _ dialect: Dialect) -> SQL {
    func sum(_ figure: String) -> String {
      dialect.boundedSum("CASE WHEN exchange_id = id THEN \(figure) ELSE 0 END")
    }
    return """
      SELECT account_id, conversation_id, count(CASE WHEN exchange_id = id THEN 1 END), count(*),
        \(unsafeSQL: sum(Check.exchangeTokens)), \(unsafeSQL: sum(Check.exchangePrice)),
        min(CASE WHEN exchange_id = id THEN created_at END), max(CASE WHEN exchange_id = id THEN created_at END)
      FROM \(identifier: table)
      """
  }

  private static func sums(_ row: Row, hasFailures: Bool) -> ConversationSums {
    var sums = ConversationSums(tokens: row.integer(4), price: row.integer(5))
    if hasFailures {
      sums.errors = row.integer(3)
    } else {
      sums.exchanges = row.integer(2)
      sums.messages = row.integer(3)
    }
    if let earliest = row.optionalInteger(6), let latest = row.optionalInteger(7), earliest <= latest {
      sums.times = earliest...latest
    }
    return sums
  }
}

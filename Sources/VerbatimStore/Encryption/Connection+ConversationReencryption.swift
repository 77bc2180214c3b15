import Databases
import VerbatimModel

/// A table of what people wrote about conversations, whose rows are known by account and conversation.
struct SealedConversationTable: Sendable {
  let name: String
  /// The column of the conversation's id.
  let id: String
  let columns: [(name: String, column: SealedColumn)]

  static let all = [
    SealedConversationTable(
      name: "conversations", id: "id",
      columns: [
        ("name", .conversationName), ("inputs", .conversationInputs), ("metadata", .conversationMetadata),
      ]),
    SealedConversationTable(
      name: "conversation_settings", id: "conversation_id",
      columns: [("system_message", .systemMessage), ("stop_sequences", .stopSequences)]),
  ]
}

/// Where the work has come to among conversations, or tags.
struct ConversationPosition: Sendable {
  /// Account, conversation and, of a tag, the tag.
  let values: [SQLValue]
}

extension Connection {
  private static let rowsAtOnce = 200
  private static let bytesAtOnce = 8 << 20

  /// One page of rows behind a position, one at least, within a transaction; `next` is nil at the end of the table.
  func reencrypt(
    _ table: SealedConversationTable, behind position: ConversationPosition?, _ keys: ContentKeys
  ) throws -> (changed: Int, next: ConversationPosition?) {
    let rows = try self.rows(of: table, behind: position)
    var changed = 0
    for (place, texts) in rows {
      var assignments: [SQL] = []
      for (column, text) in zip(table.columns, texts) {
        guard let text, !keys.isCurrent(text) else { continue }
        let new: Bytes = keys.sealed(try keys.opened(text, of: place, column.column), of: place, column.column)
        assignments.append("\(identifier: column.name) = \(new.string)")
      }
      guard let first = assignments.first else { continue }
      let all: SQL = assignments.dropFirst().reduce(first) { "\($0), \($1)" }
      try execute(
        """
        UPDATE \(identifier: table.name)
        SET \(all)
        WHERE account_id = \(place.account) AND \(identifier: table.id) = \(place.id)
        """)
      changed += assignments.count
    }
    return (changed, rows.last.map { ConversationPosition(values: [$0.place.account.sqlValue, $0.place.id.sqlValue]) })
  }

  private func rows(
    of table: SealedConversationTable, behind position: ConversationPosition?
  ) throws -> [(place: ConversationPlace, texts: [Bytes?])] {
    let names: String = table.columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    let dialect: Dialect = try dialect()
    let isBehind: SQL = position.map { dialect.isBehind($0.values, in: ["account_id", table.id]) } ?? "1 = 1"
    var rows: [(place: ConversationPlace, texts: [Bytes?])] = []
    var size = 0
    try forEachRow(
      """
      SELECT account_id, \(identifier: table.id), \(unsafeSQL: names)
      FROM \(identifier: table.name)
      WHERE \(isBehind)
      ORDER BY account_id, \(identifier: table.id)
      LIMIT \(Self.rowsAtOnce)\(unsafeSQL: dialect.isServer ? " FOR UPDATE" : "")
      """
    ) { row in
      let texts: [Bytes?] = table.columns.indices.map { column in row.bytes(column + 2).map { Array($0)[...] } }
      rows.append((ConversationPlace(account: row.text(0), id: row.text(1)), texts))
      size += texts.reduce(0) { $0 + ($1?.count ?? 0) }
      return size < Self.bytesAtOnce
    }
    return rows
  }

  /// The same for tags; what they become may come up again, and is as it should be then.
  func reencryptTags(
    behind position: ConversationPosition?, _ keys: ContentKeys
  ) throws -> (changed: Int, next: ConversationPosition?) {
    let dialect: Dialect = try dialect()
    let key: [String] = ["account_id", "conversation_id", "tag"]
    let isBehind: SQL = position.map { dialect.isBehind($0.values, in: key) } ?? "1 = 1"
    let rows: [[String]] = try query(
      """
      SELECT account_id, conversation_id, tag
      FROM verbatim_conversation_tags
      WHERE \(isBehind)
      ORDER BY account_id, conversation_id, tag
      LIMIT \(Self.rowsAtOnce)\(unsafeSQL: dialect.isServer ? " FOR UPDATE" : "")
      """
    ) { row in (0..<3).map { row.text($0) } }
    let outdated: [[String]] = rows.filter { !keys.isCurrent(Bytes(utf8: $0[2])) }
    let tags: [String] = try outdated.map { keys.sealed(tag: try keys.opened(tag: $0[2])) }
    for row in outdated {
      try execute(
        """
        DELETE FROM verbatim_conversation_tags
        WHERE account_id = \(row[0]) AND conversation_id = \(row[1]) AND tag = \(row[2])
        """)
    }
    try insert(.conversationTags, rows: outdated.count) { index, binds in
      binds.text(outdated[index][0])
      binds.text(outdated[index][1])
      binds.text(tags[index])
    }
    return (outdated.count, rows.last.map { ConversationPosition(values: $0.map(\.sqlValue)) })
  }
}

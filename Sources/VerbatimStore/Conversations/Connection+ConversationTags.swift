import Databases
import VerbatimModel

extension Connection {
  func addTags(to conversations: inout [Conversation], _ keys: ContentKeys) throws {
    guard !conversations.isEmpty else { return }
    struct Key: Hashable {
      let account: ExactText
      let id: ExactText
    }
    var places: [Key: Int] = [:]
    for (place, conversation) in conversations.enumerated() {
      places[Key(account: ExactText(conversation.accountID), id: ExactText(conversation.id))] = place
    }
    try forEachRow(
      """
      SELECT account_id, conversation_id, tag
      FROM verbatim_conversation_tags
      WHERE account_id IN (\(list: Set(conversations.map(\.accountID)).sorted()))
        AND conversation_id IN (\(list: conversations.map(\.id)))
      """
    ) { row in
      let key = Key(account: ExactText(row.text(0)), id: ExactText(row.text(1)))
      if let place = places[key] { conversations[place].tags.append(try keys.opened(tag: row.text(2))) }
      return true
    }
    // Under two keys a tag may be stored twice.
    for place in conversations.indices where !conversations[place].tags.isEmpty {
      conversations[place].tags = Set(conversations[place].tags.map(ExactText.init)).map(\.text)
        .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
  }

  func addTags(to conversation: inout Conversation, _ keys: ContentKeys) throws {
    var one: [Conversation] = [conversation]
    try addTags(to: &one, keys)
    conversation.tags = one[0].tags
  }

  /// Puts these in the place of those that there are.
  func setTags(_ tags: [String], of conversation: String, account: String, _ keys: ContentKeys) throws {
    try deleteTags(of: conversation, account: account)
    let distinct: [String] = Set(tags.map { ExactText(keys.sealed(tag: $0)) }).map(\.text).sorted()
    try insert(.conversationTags, rows: distinct.count) { index, binds in
      binds.text(account)
      binds.text(conversation)
      binds.text(distinct[index])
    }
  }

  func deleteTags(of conversation: String, account: String) throws {
    try execute(
      """
      DELETE FROM verbatim_conversation_tags
      WHERE account_id = \(account) AND conversation_id = \(conversation)
      """)
  }
}

extension BulkInsert {
  static let conversationTags = BulkInsert(
    into: "verbatim_conversation_tags",
    [.init("account_id", .text), .init("conversation_id", .text), .init("tag", .text)],
    onConflict: .keep(key: ["account_id", "conversation_id", "tag"]))
}

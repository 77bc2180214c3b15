import Databases
import VerbatimModel

extension Store {
  /// Makes a conversation that holds nothing yet, under an id of its own.
  package func begin(_ new: NewConversation, account: String) async throws -> Conversation {
    let now: Int64 = configuration.clock()
    let redactor: Redactor? = redaction?.redactor(of: new.appID)
    let name: String = new.name(at: now, calendar)
    var conversation = Conversation(
      accountID: account, id: NewConversation.id(ids.next()), appID: new.appID, userID: new.userID,
      name: redactor?.name(name) ?? name, status: .active, source: NewConversation.source, modelName: nil,
      dialogueCount: 0, errorCount: 0, messageCount: 0, totalTokens: 0, totalPrice: 0, createdAt: now, updatedAt: now,
      lastActiveAt: now, deletedAt: nil)
    conversation.metadata = new.metadata.map { redactor?.json($0) ?? $0 }
    let (made, keys): (Conversation, ContentKeys) = (conversation, contentKeys)
    try await managing { connection in
      try connection.transaction { try connection.insert(made, keys) }
    }
    replica?.note(made)
    return made
  }
}

extension Connection {
  fileprivate func insert(_ conversation: Conversation, _ keys: ContentKeys) throws {
    try insert(.newConversation, rows: 1) { _, binds in
      binds.text(conversation.accountID)
      binds.text(conversation.id)
      binds.text(conversation.appID)
      binds.text(conversation.userID)
      binds.text(keys.sealed(conversation.name, of: conversation.place, .conversationName))
      binds.text(conversation.status.rawValue)
      binds.text(conversation.source)
      binds.integer(conversation.createdAt)
      binds.integer(conversation.updatedAt)
      binds.integer(conversation.lastActiveAt)
      binds.text(
        bytes: conversation.metadata.map { keys.sealed($0, of: conversation.place, .conversationMetadata) })
    }
  }
}

extension BulkInsert {
  fileprivate static let newConversation = BulkInsert(
    into: "conversations",
    [
      .init("account_id", .text), .init("id", .text), .init("app_id", .text), .init("user_id", .text),
      .init("name", .text), .init("status", .text), .init("source", .text), .init("created_at", .integer),
      .init("updated_at", .integer), .init("last_active_at", .integer), .init("metadata", .text),
    ])
}

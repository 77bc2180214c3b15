import Databases
import VerbatimModel

extension Conversation {
  /// Of `conversations AS c`, in the order in which `init(_:)` reads them.
  static let columns = """
    c.account_id, c.id, c.app_id, c.user_id, c.name, c.status, c.source, c.model_name, c.dialogue_count, c.error_count,
      c.message_count, c.total_tokens, c.total_price, c.created_at, c.updated_at, c.last_active_at, c.deleted_at
    """

  /// How many columns they are.
  static let columnCount = 17

  init(_ row: Row) throws {
    guard let status = Status(rawValue: row.text(5)) else {
      throw StoreError.unusable("conversations.status holds \(row.text(5)), which is no status")
    }
    self.init(
      accountID: row.text(0), id: row.text(1), appID: row.text(2), userID: row.text(3), name: row.text(4),
      status: status, source: row.text(6), modelName: row.optionalText(7), dialogueCount: row.integer(8),
      errorCount: row.integer(9), messageCount: row.integer(10), totalTokens: row.integer(11),
      totalPrice: row.integer(12), createdAt: row.integer(13), updatedAt: row.integer(14),
      lastActiveAt: row.integer(15), deletedAt: row.optionalInteger(16))
  }
}

extension Connection {
  /// By its own id, without its tags.
  func conversation(_ id: String, within reach: Reach, isDeleted: Bool = false) throws -> Conversation? {
    guard reach.account != nil else { return nil }
    return try first(
      """
      SELECT \(unsafeSQL: Conversation.columns), c.metadata
      FROM conversations AS c
      WHERE c.id = \(id) AND \(reach.condition(on: "c")) AND c.status \(unsafeSQL: isDeleted ? "=" : "<>") 'deleted'
      """
    ) { row in
      var conversation = try Conversation(row)
      conversation.metadata = row.bytes(Conversation.columnCount)
      return conversation
    }
  }

  /// As `conversation`, also by an id that a receipt named and that turned out to be another's.
  func conversation(following id: String, within reach: Reach, isDeleted: Bool = false) throws -> Conversation? {
    if let conversation = try conversation(id, within: reach, isDeleted: isDeleted) { return conversation }
    guard let account = reach.account, let first = try conversation(aliasedBy: id, account: account) else {
      return nil
    }
    return try conversation(first, within: reach, isDeleted: isDeleted)
  }
}

extension Connection {
  /// Keeps everybody else from changing it until the transaction ends; answers false where it is gone.
  func lock(_ conversation: Conversation) throws -> Bool {
    try execute(
      """
      UPDATE conversations
      SET updated_at = updated_at
      WHERE account_id = \(conversation.accountID) AND id = \(conversation.id)
      """) > 0
  }
}

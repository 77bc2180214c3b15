/// A thread of messages of one user in one app.
package struct Conversation: Sendable {
  package enum Status: String, Sendable, CaseIterable { case active, archived, deleted }

  package var accountID: String
  package var id: String
  package var appID: String
  package var userID: String
  package var name: String
  package var status: Status
  /// Where its first exchange came in: `api`, `import`, …
  package var source: String
  package var modelName: String?
  package var dialogueCount: Int64
  package var errorCount: Int64
  package var messageCount: Int64
  package var totalTokens: Int64
  /// Millionths of the currency.
  package var totalPrice: Int64
  /// Unix milliseconds, UTC.
  package var createdAt: Int64
  package var updatedAt: Int64
  package var lastActiveAt: Int64
  package var deletedAt: Int64?
  /// In the order of their bytes.
  package var tags: [String] = []
  /// JSON object; nil also in lists, which leave it out.
  package var metadata: Bytes?

  package init(
    accountID: String, id: String, appID: String, userID: String, name: String, status: Status, source: String,
    modelName: String?, dialogueCount: Int64, errorCount: Int64, messageCount: Int64, totalTokens: Int64,
    totalPrice: Int64, createdAt: Int64, updatedAt: Int64, lastActiveAt: Int64, deletedAt: Int64?
  ) {
    self.accountID = accountID
    self.id = id
    self.appID = appID
    self.userID = userID
    self.name = name
    self.status = status
    self.source = source
    self.modelName = modelName
    self.dialogueCount = dialogueCount
    self.errorCount = errorCount
    self.messageCount = messageCount
    self.totalTokens = totalTokens
    self.totalPrice = totalPrice
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.lastActiveAt = lastActiveAt
    self.deletedAt = deletedAt
  }
}

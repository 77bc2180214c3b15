/// A thread of messages of one user in one app.
package struct Conversation: Sendable {
  package enum Status: String, Sendable { case active, archived, deleted }

  package var id: String
  package var appID: String
  package var userID: String
  package var name: String
  package var status: Status
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

  package init(
    id: String, appID: String, userID: String, name: String, status: Status, modelName: String?, dialogueCount: Int64,
    errorCount: Int64, messageCount: Int64, totalTokens: Int64, totalPrice: Int64, createdAt: Int64, updatedAt: Int64,
    lastActiveAt: Int64
  ) {
    self.id = id
    self.appID = appID
    self.userID = userID
    self.name = name
    self.status = status
    self.modelName = modelName
    self.dialogueCount = dialogueCount
    self.errorCount = errorCount
    self.messageCount = messageCount
    self.totalTokens = totalTokens
    self.totalPrice = totalPrice
    self.createdAt = createdAt
    self.updatedAt = updatedAt
    self.lastActiveAt = lastActiveAt
  }
}

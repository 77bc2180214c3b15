import VerbatimModel

/// A conversation before anything is said in it.
package struct NewConversation: Sendable {
  /// What such conversations have as their source, and the exchanges of items that are put into one.
  package static let source = "items"
  private static let prefix = "conv_"

  package var appID: String
  package var userID: String
  /// JSON object.
  package var metadata: Bytes?
  /// What will be said first, by which it is called.
  package var messages: [Message] = []

  package init(appID: String, userID: String) {
    self.appID = appID
    self.userID = userID
  }

  static func id(_ id: UUIDv7) -> String { prefix + id.description.replacing("-", with: "") }

  /// What the first exchange would be, for its name.
  func name(at now: Int64, _ calendar: PartitionCalendar) -> String {
    let exchange = NewExchange(
      appID: appID, userID: userID, modelProvider: "", modelName: "", messages: messages, choices: [])
    return PendingExchange.name(of: exchange, createdAt: now, calendar: calendar)
  }
}

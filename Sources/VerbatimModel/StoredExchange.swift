/// An exchange as it is read back.
package struct StoredExchange: Sendable {
  package var id: UUIDv7
  package var conversationID: String
  package var appID: String
  package var userID: String
  package var clientMessageID: String?
  package var modelProvider: String
  package var modelName: String
  package var messages: [Message]
  package var choices: [Message]
  package var failure: NewExchange.Failure?
  /// How many attachments its row speaks of; `attachments` is empty until they are looked up.
  package var attachmentCount = 0
  package var attachments: [StoredAttachment]
  package var request: Bytes?
  package var inputs: Bytes?
  package var metadata: Bytes?
  package var usage: Bytes?
  package var promptTokens: Int64?
  package var completionTokens: Int64?
  package var totalTokens: Int64?
  package var totalPrice: Int64?
  package var currency: String?
  package var finishReason: String?
  package var systemFingerprint: String?
  package var responseID: String?
  package var isStream: Bool
  package var latency: Duration?
  package var firstTokenLatency: Duration?
  /// Unix milliseconds, UTC.
  package var createdAt: Int64
  package var recordedAt: Int64

  package init(
    id: UUIDv7, conversationID: String, appID: String, userID: String, modelProvider: String, modelName: String,
    messages: [Message] = [], choices: [Message] = [], attachments: [StoredAttachment] = [], isStream: Bool = false,
    createdAt: Int64, recordedAt: Int64
  ) {
    self.id = id
    self.conversationID = conversationID
    self.appID = appID
    self.userID = userID
    self.modelProvider = modelProvider
    self.modelName = modelName
    self.messages = messages
    self.choices = choices
    self.attachments = attachments
    self.isStream = isStream
    self.createdAt = createdAt
    self.recordedAt = recordedAt
  }
}

/// An attachment with its id.
package struct StoredAttachment: Sendable {
  package var id: UUIDv7
  package var attachment: Attachment

  package init(id: UUIDv7, attachment: Attachment) {
    self.id = id
    self.attachment = attachment
  }
}

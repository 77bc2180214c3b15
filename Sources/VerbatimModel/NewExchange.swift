/// A finished or failed exchange that is to be recorded, validated, as every way in produces it.
///
/// All `Bytes` of JSON are slices of the request's own bytes.
package struct NewExchange: Sendable {
  package struct Failure: Sendable, Equatable {
    /// A provider's code, as text: `400`, `rate_limit_exceeded`.
    package var code: String
    package var message: String

    package init(code: String, message: String) {
      self.code = code
      self.message = message
    }
  }

  /// Of whom a sender is who may not write into the conversations of others.
  package struct Ownership: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let app = Ownership(rawValue: 1)
    package static let user = Ownership(rawValue: 2)
  }

  package var appID: String
  package var userID: String
  package var conversationID: String?
  /// What its conversation is called, where that is new; nil: by its first question.
  package var conversationName: String?
  /// Claims (conversation, or else app and user; id) once; a failed exchange claims nothing.
  package var clientMessageID: String?
  /// Claims (account; key) once, also for a failed exchange; what importers derive from a line.
  package var idempotencyKey: String?
  package var modelProvider: String
  package var modelName: String
  /// What was asked, oldest first; at least one.
  package var messages: [Message]
  /// What came back, by choice index; empty for a failure, and where an answer was never recorded.
  package var choices: [Message]
  package var failure: Failure?
  package var attachments: [Attachment] = []
  /// JSON object of the body's unknown fields, in order; nil when there are none.
  package var request: Bytes?
  /// JSON object.
  package var inputs: Bytes?
  /// JSON object (`metadata`; the column `other`).
  package var metadata: Bytes?
  /// JSON object as the provider sent it.
  package var usage: Bytes?
  package var promptTokens: Int64?
  package var completionTokens: Int64?
  package var totalTokens: Int64?
  /// Millionths of the currency.
  package var totalPrice: Int64?
  package var currency: String?
  package var finishReason: String?
  package var systemFingerprint: String?
  package var responseID: String?
  package var isStream: Bool = false
  package var latency: Duration?
  package var firstTokenLatency: Duration?
  /// Unix milliseconds, UTC; nil means now.
  package var createdAt: Int64?
  /// The API key that the call came with, and the provider's endpoint that answered it, by New API's numbers.
  package var tokenID: Int64?
  /// What that key was called.
  package var tokenName: String?
  package var channelID: Int64?
  /// The client's address.
  package var ip: String?
  /// The exchange of an export that this is again; where that is still there, it is a duplicate.
  package var exported: ExportedOrigin?
  /// What of its conversation, where that is there already, must be its own, or it is not stored.
  package var ownership = Ownership()
  /// Where in a thread it belongs; nil for what came with a conversation's id or is a conversation of its own.
  package var thread: ThreadPlace?
  /// Where it came in: `api`, `import`, …
  package var source: String = "api"

  package init(
    appID: String, userID: String, conversationID: String? = nil, clientMessageID: String? = nil,
    modelProvider: String, modelName: String, messages: [Message], choices: [Message], failure: Failure? = nil
  ) {
    self.appID = appID
    self.userID = userID
    self.conversationID = conversationID
    self.clientMessageID = clientMessageID
    self.modelProvider = modelProvider
    self.modelName = modelName
    self.messages = messages
    self.choices = choices
    self.failure = failure
  }
}

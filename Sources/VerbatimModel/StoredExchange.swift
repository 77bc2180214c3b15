/// An exchange as it is read back.
package struct StoredExchange: Sendable {
  package let id: UUIDv7
  package let texts: ExchangeTexts
  package var messages: [Message] = []
  package var choices: [Message] = []
  package var failure: NewExchange.Failure?
  /// How many attachments its row speaks of; `attachments` is empty until they are looked up.
  package var attachmentCount = 0
  package var attachments: [StoredAttachment] = []
  /// As its row holds it.
  package var request: Bytes?
  /// Values that its request borrows, by field.
  package var lent: [String: Bytes] = [:]
  package var promptTokens: Int64?
  package var completionTokens: Int64?
  package var totalTokens: Int64?
  package var totalPrice: Int64?
  /// The number of the API key that it was recorded with.
  package var tokenID: Int64?
  package var isStream = false
  package var latency: Duration?
  package var firstTokenLatency: Duration?
  /// Unix milliseconds, UTC.
  package var createdAt: Int64
  package var recordedAt: Int64

  package init(id: UUIDv7, texts: ExchangeTexts, createdAt: Int64, recordedAt: Int64) {
    self.id = id
    self.texts = texts
    self.createdAt = createdAt
    self.recordedAt = recordedAt
  }
}

extension StoredExchange {
  package var conversationID: String { texts.string(.conversationID) }
  package var appID: String { texts.string(.appID) }
  package var userID: String { texts.string(.userID) }
  package var clientMessageID: String? { texts.optionalString(.clientMessageID) }
  package var modelProvider: String { texts.string(.modelProvider) }
  package var modelName: String { texts.string(.modelName) }
  package var currency: String? { texts.optionalString(.currency) }
  package var finishReason: String? { texts.optionalString(.finishReason) }
  package var systemFingerprint: String? { texts.optionalString(.systemFingerprint) }
  package var responseID: String? { texts.optionalString(.responseID) }
  package var inputs: Bytes? { texts[.inputs] }
  package var metadata: Bytes? { texts[.metadata] }
  package var usage: Bytes? { texts[.usage] }
}

extension StoredExchange {
  /// The request of a call that came through the gateway, with what it borrows; nil where it came in another way.
  package var keptRequest: KeptRequest? {
    guard let kept = KeptRequest(stored: request) else { return nil }
    return kept.borrowed.isEmpty ? kept : kept.whole(lent)
  }

  /// `request` with what it borrows.
  package var wholeRequest: Bytes? {
    guard let kept = KeptRequest(stored: request), !kept.borrowed.isEmpty else { return request }
    return kept.whole(lent).stored
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

/// The fields of an ingest body that have a place of their own; all others are kept as they are.
enum BodyField: String, CaseIterable, Sendable {
  case query, answer, choices, messages, error, files, inputs, metadata, usage, latency, currency, exported
  case appID = "app_id"
  case userID = "user_id"
  case conversationID = "conversation_id"
  case conversationName = "conversation_name"
  case clientMessageID = "client_message_id"
  case idempotencyKey = "idempotency_key"
  case modelProvider = "model_provider"
  case modelID = "model_id"
  case finishReason = "finish_reason"
  case systemFingerprint = "system_fingerprint"
  case responseID = "response_id"
  case totalPrice = "total_price"
  case createdAt = "created_at"
  case errorCode = "error_code"
  case errorMessage = "error_message"
}

/// A body's fields: the known ones by name, the last of repeated ones, and the unknown ones in their order.
struct BodyFields {
  private static let ofFailures = JSONKeyTable(BodyField.allCases)
  /// `error_code` and `error_message` mean something only in the body of a failed exchange.
  private static let ofInserts = JSONKeyTable(
    BodyField.allCases.filter { $0 != .errorCode && $0 != .errorMessage })

  private let known: JSONKnownFields<BodyField>
  private var unknown: JSONWriter?

  init(_ body: JSONSlice, kind: ExchangeBody.Kind) {
    var unknown: JSONWriter?
    known = JSONKnownFields(body, kind == .error ? Self.ofFailures : Self.ofInserts) { field in
      Self.keep(key: field.key.json, field.value, in: &unknown)
    }
    self.unknown = unknown
  }

  subscript(name: BodyField) -> FieldValue { FieldValue(name.rawValue, known[name]) }

  /// Keeps a known field as it came too, since its place does not hold all of it.
  mutating func keep(_ name: BodyField) {
    if let value = known[name] { Self.keep(key: Bytes(utf8: "\"\(name.rawValue)\""), value, in: &unknown) }
  }

  /// The kept fields as one JSON object, as it is stored; nil when there are none.
  func kept() -> Bytes? {
    guard var writer = unknown else { return nil }
    writer.endObject()
    return KeptRequest.stored(foreign: writer.bytes[...])
  }

  private static func keep(key: Bytes, _ value: JSONSlice, in kept: inout JSONWriter?) {
    var writer = kept.take() ?? begunObject()
    writer.field(key: key, value.bytes)
    kept = writer
  }

  private static func begunObject() -> JSONWriter {
    var writer = JSONWriter()
    writer.beginObject()
    return writer
  }
}

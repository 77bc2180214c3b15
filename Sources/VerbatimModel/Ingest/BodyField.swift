/// The fields of an ingest body that have a place of their own; all others are kept as they are.
enum BodyField: String, CaseIterable, Sendable {
  case query, answer, messages, error, files, inputs, metadata, usage
  case appID = "app_id"
  case userID = "user_id"
  case conversationID = "conversation_id"
  case clientMessageID = "client_message_id"
  case idempotencyKey = "idempotency_key"
  case modelProvider = "model_provider"
  case modelID = "model_id"
  case finishReason = "finish_reason"
  case systemFingerprint = "system_fingerprint"
  case createdAt = "created_at"
  case errorCode = "error_code"
  case errorMessage = "error_message"
}

/// A body's fields: the known ones by name, the last of repeated ones, and the unknown ones in their order.
struct BodyFields {
  private static let table = JSONKeyTable(BodyField.self)

  private var known: [BodyField: JSONSlice] = [:]
  private var unknown: JSONWriter?

  /// `unplaced` are known names that mean nothing in this body, and so count as unknown.
  init(_ body: JSONSlice, unplaced: Set<BodyField>) {
    for field in body.fields {
      if let name = Self.table[field.key], !unplaced.contains(name) {
        known[name] = field.value
      } else {
        keep(key: field.key.json, field.value)
      }
    }
  }

  subscript(name: BodyField) -> FieldValue { FieldValue(name.rawValue, known[name]) }

  /// Keeps a known field as it came too, since its place does not hold all of it.
  mutating func keep(_ name: BodyField) {
    if let value = known[name] { keep(key: Bytes(utf8: "\"\(name.rawValue)\""), value) }
  }

  /// The kept fields as one JSON object; nil when there are none.
  func kept() -> Bytes? {
    guard var writer = unknown else { return nil }
    writer.endObject()
    return writer.bytes[...]
  }

  private mutating func keep(key: Bytes, _ value: JSONSlice) {
    var writer = unknown.take() ?? Self.begunObject()
    writer.field(key: key, value.bytes)
    unknown = writer
  }

  private static func begunObject() -> JSONWriter {
    var writer = JSONWriter()
    writer.beginObject()
    return writer
  }
}

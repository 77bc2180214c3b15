import VerbatimModel

/// The body of an exchange while it is put together. `Bytes` are JSON.
struct ImportBody {
  let owner: ImportOwner
  var conversationID: String?
  var conversationName: String?
  var provider: String?
  var model: String?
  var messages: [Bytes] = []
  /// Messages; none for a question that was never answered.
  var choices: [Bytes] = []
  /// Code and message.
  var failure: (code: String, message: String)?
  /// A time as the API takes it.
  var createdAt: Bytes?
  var metadata: Bytes?
  var usage: Bytes?
  var files: [Bytes] = []
  var finishReason: Bytes?
  var responseID: Bytes?
  var systemFingerprint: Bytes?
  var totalPrice: Bytes?
  /// In seconds.
  var latency: Double?
  /// What has no place of its own, by its key as it stands in the source.
  var others: [(key: Bytes, value: Bytes)] = []

  init(_ owner: ImportOwner) { self.owner = owner }

  func json() -> Bytes {
    var json = JSONWriter(reservingCapacity: messages.reduce(512) { $0 + $1.count })
    json.beginObject()
    writeNames(to: &json)
    json.array("messages", messages)
    if let failure {
      json.key("error")
      json.beginObject()
      json.string("code", failure.code)
      json.string("message", failure.message)
      json.endObject()
    } else {
      writeChoices(to: &json)
    }
    if !files.isEmpty { json.array("files", files) }
    json.raw("created_at", createdAt)
    json.raw("metadata", metadata)
    json.raw("usage", usage)
    json.raw("finish_reason", finishReason)
    json.raw("response_id", responseID)
    json.raw("system_fingerprint", systemFingerprint)
    json.raw("total_price", totalPrice)
    if let latency {
      json.key("latency")
      json.double(latency)
    }
    for other in others { json.field(key: other.key, other.value) }
    json.endObject()
    return json.bytes[...]
  }

  private func writeNames(to json: inout JSONWriter) {
    json.string("app_id", owner.appID)
    json.string("user_id", owner.userID)
    json.string("conversation_id", conversationID)
    json.string("conversation_name", conversationName.map { String($0.unicodeScalars.prefix(IngestLimits.name)) })
    json.string("model_provider", provider)
    json.string("model_id", model)
  }

  private func writeChoices(to json: inout JSONWriter) {
    json.key("choices")
    json.beginArray()
    for (index, choice) in choices.enumerated() {
      json.beginObject()
      json.key("index")
      json.integer(index)
      json.raw("message", choice)
      json.endObject()
    }
    json.endArray()
  }
}

extension JSONWriter {
  /// The field, where there is a value.
  mutating func string(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    key(name)
    string(value)
  }

  /// The field, where there is a value.
  mutating func raw(_ name: StaticString, _ value: Bytes?) {
    guard let value else { return }
    key(name)
    raw(value)
  }

  mutating func array(_ name: StaticString, _ values: [Bytes]) {
    key(name)
    beginArray()
    for value in values { raw(value) }
    endArray()
  }

  /// A message that is a text.
  static func message(_ role: StaticString, _ text: String) -> Bytes {
    var json = JSONWriter()
    json.beginObject()
    json.key("role")
    json.string("\(role)")
    json.key("content")
    json.string(text)
    json.endObject()
    return json.bytes[...]
  }
}

extension JSONSlice {
  /// The value, unless it is null, an empty string, object or array.
  var something: JSONSlice? {
    switch bytes {
    case [0x22, 0x22], [0x7B, 0x7D], [0x5B, 0x5D]: nil
    default: isNull ? nil : self
    }
  }

  /// A text that is not empty.
  func text(_ key: String) -> String? { self[key]?.something?.string?.string }

  /// A JSON value that may stand in a string, as databases' exports have it.
  func opened(_ key: String) -> JSONSlice? {
    guard let value = self[key]?.something else { return nil }
    guard let text = value.string else { return value }
    // What is no JSON is a text.
    return (try? JSONSlice(checking: text.bytes))?.something ?? value
  }
}

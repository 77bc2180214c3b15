import VerbatimModel

extension Answer {
  /// From a chat completion.
  init(completion: JSONSlice) {
    self.init()
    var details = JSONWriter()
    details.beginObject()
    for field in completion.fields {
      if field.key == "choices" {
        take(choices: field.value, details: &details)
      } else if field.key == "usage" {
        if field.value.kind == .object { usage = field.value.bytes }
      } else if !isKeptElsewhere(field) {
        details.field(key: field.key.json, field.value.bytes)
      }
    }
    details.endObject()
    self.details = details.bytes[...]
    if choices.isEmpty { fail(CaptureFailure.invalid, "the answer has no choices") }
  }

  /// Takes what has a column; whether that gives the value back.
  private mutating func isKeptElsewhere(_ field: JSONField) -> Bool {
    if field.key == "id" {
      responseID = field.value.exactID(limit: IngestLimits.code)
      return responseID != nil
    }
    if field.key == "system_fingerprint" {
      systemFingerprint = field.value.exactID(limit: IngestLimits.code)
      return systemFingerprint != nil
    }
    return field.key == "object" && field.value.string?.string == "chat.completion"
  }

  /// The choices in the order of their indices. In the details each stays without its message, and one alone that says
  /// nothing but why it finished not at all.
  private mutating func take(choices: JSONSlice, details: inout JSONWriter) {
    let sorted = choices.elements.map { (index: $0["index"]?.integer ?? 0, choice: $0) }.sorted { $0.index < $1.index }
    var kept = JSONWriter()
    var saysMore = sorted.count > 1
    kept.beginArray()
    for (_, choice) in sorted {
      guard let message = choice["message"].flatMap({ Message(json: $0) }) else { continue }
      if self.choices.isEmpty { finishReason = choice["finish_reason"]?.exactID(limit: IngestLimits.code) }
      self.choices.append(message)
      kept.beginObject()
      for field in choice.fields where field.key != "message" && !(field.key == "logprobs" && field.value.isNull) {
        if field.key != "index" && field.key != "finish_reason" { saysMore = true }
        kept.field(key: field.key.json, field.value.bytes)
      }
      kept.endObject()
    }
    kept.endArray()
    guard saysMore else { return }
    details.key("choices")
    details.raw(kept.bytes[...])
  }
}

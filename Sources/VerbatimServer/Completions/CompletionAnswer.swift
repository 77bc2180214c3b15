import VerbatimModel
import VerbatimStore

extension JSONWriter {
  /// The exchange as a chat completion: what the provider answered, with the metadata that the client gave it. `id`: by
  /// which it is known.
  mutating func completion(_ exchange: StoredExchange, id: String) {
    let kept = exchange.keptRequest
    let answer = kept?.answer.map { JSONSlice(trusting: $0) }
    let request = kept.map { JSONSlice(trusting: $0.body) }
    beginObject()
    key("id")
    string(id)
    key("object")
    string("chat.completion")
    key("created")
    raw(answer?["created"]?.bytes ?? Bytes(utf8: "\(exchange.createdAt / 1000)"))
    key("model")
    string(answer?["model"]?.string?.string ?? exchange.modelName)
    key("choices")
    choices(of: exchange, answer?["choices"])
    key("usage")
    raw(orNull: exchange.usage)
    key("system_fingerprint")
    string(orNull: exchange.systemFingerprint)
    key("metadata")
    raw(exchange.metadata ?? Bytes(utf8: "{}"))
    addParameters(request)
    let known: Set<String> = ["id", "object", "created", "model", "choices", "usage", "system_fingerprint", "metadata"]
    if let answer {
      for field in answer.fields where !known.contains(field.key.text.string) {
        self.field(key: field.key.json, field.value.bytes)
      }
    }
    endObject()
  }

  /// What a stored completion repeats of its request.
  private mutating func addParameters(_ request: JSONSlice?) {
    let names: [StaticString] = [
      "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "tools", "tool_choice",
      "response_format",
    ]
    for name in names {
      guard let value = request?[name.description], !value.isNull else { continue }
      key(name)
      raw(value.bytes)
    }
  }

  private mutating func choices(of exchange: StoredExchange, _ details: JSONSlice?) {
    let details = details.map { Array($0.elements) } ?? []
    beginArray()
    for (index, message) in exchange.choices.enumerated() {
      beginObject()
      key("index")
      integer(index)
      key("message")
      self.message(message)
      key("finish_reason")
      let reason = details.indices.contains(index) ? details[index]["finish_reason"]?.string?.string : nil
      string(reason ?? exchange.finishReason ?? "stop")
      key("logprobs")
      raw(orNull: details.indices.contains(index) ? details[index]["logprobs"]?.bytes : nil)
      endObject()
    }
    endArray()
  }
}

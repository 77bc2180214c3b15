import VerbatimModel

/// One choice of a streamed chat completion.
struct CompletionChoice: Sendable {
  let index: Int64
  private var delta = AccumulatedFields()
  private var logprobs: Accumulation?
  private var others = LatestFields()
  private(set) var isFinished = false

  init(index: Int64) { self.index = index }

  /// Whether it says anything.
  mutating func take(_ choice: JSONSlice) -> Bool {
    var isSaying = false
    for field in choice.fields where field.key != "index" {
      if field.key == "delta" || field.key == "message" {
        isSaying = Self.says(field.value) || isSaying
        delta.add(field.value)
      } else if field.key == "logprobs" {
        if logprobs == nil { logprobs = Accumulation(field.value) } else { logprobs?.add(field.value, field: []) }
      } else {
        if field.key == "finish_reason", field.value.string?.isEmpty == false { isFinished = true }
        others.set(field)
      }
    }
    return isSaying
  }

  private static func says(_ delta: JSONSlice) -> Bool {
    for field in delta.fields where field.key != "role" && !field.value.isNull {
      if field.value.string?.isEmpty != true { return true }
    }
    return false
  }

  /// As in a completion that is no stream.
  func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("index")
    writer.integer(index)
    writer.key("message")
    writeMessage(to: &writer)
    writer.key("logprobs")
    writer.accumulation(logprobs ?? .null)
    for field in others.fields { writer.field(key: field.key[...], field.value[...]) }
    writer.endObject()
  }

  private func writeMessage(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("role")
    writer.accumulation(role)
    writer.key("content")
    writer.accumulation(delta["content"] ?? .null)
    for (key, value) in delta.fields
    where !key.elementsEqual(#""role""#.utf8) && !key.elementsEqual(#""content""#.utf8) {
      writer.accumulatedField(key: key, value)
    }
    writer.endObject()
  }

  private var role: Accumulation {
    if let role = delta["role"], role.isText, !role.text.isEmpty { return role }
    return Accumulation(JSONSlice(trusting: Bytes(utf8: #""assistant""#)))
  }
}

extension JSONKey {
  static func != (key: JSONKey, name: String) -> Bool { !(key == name) }
}

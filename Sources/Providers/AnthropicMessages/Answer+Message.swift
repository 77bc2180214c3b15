import VerbatimModel

extension Answer {
  /// From Anthropic's message: its content blocks are the content of the one choice, its uses of tools the calls.
  init(message: JSONSlice) {
    self.init()
    var details = JSONWriter()
    details.beginObject()
    for field in message.fields where field.key != "content" {
      if field.key == "usage" {
        if field.value.kind == .object { usage = field.value.bytes }
      } else {
        details.field(key: field.key.json, field.value.bytes)
      }
    }
    details.endObject()
    self.details = details.bytes[...]
    responseID = message["id"]?.exactID(limit: IngestLimits.code)
    finishReason = message["stop_reason"]?.exactID(limit: IngestLimits.code)
    guard let content = message["content"], var choice = Self.message(of: content) else {
      fail(CaptureFailure.invalid, "the answer has no content")
      return
    }
    choice.toolCalls = Self.toolCalls(content)
    choices = [choice]
  }

  private static func message(of content: JSONSlice) -> Message? {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("role")
    writer.string("assistant")
    writer.key("content")
    writer.raw(content.bytes)
    writer.endObject()
    return Message(json: JSONSlice(trusting: writer.bytes[...]))
  }

  /// nil where no tool is used.
  private static func toolCalls(_ content: JSONSlice) -> Bytes? {
    let uses = content.elements.filter { $0["type"]?.string?.string == "tool_use" }
    guard !uses.isEmpty else { return nil }
    var writer = JSONWriter()
    writer.beginArray()
    for use in uses {
      writer.beginObject()
      writer.key("id")
      writer.raw(orNull: use["id"]?.bytes)
      writer.key("type")
      writer.string("function")
      writer.key("function")
      writer.beginObject()
      writer.key("name")
      writer.raw(orNull: use["name"]?.bytes)
      writer.key("arguments")
      writer.string(use["input"]?.bytes ?? Bytes(utf8: "{}"))
      writer.endObject()
      writer.endObject()
    }
    writer.endArray()
    return writer.bytes[...]
  }
}

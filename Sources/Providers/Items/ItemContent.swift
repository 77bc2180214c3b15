import VerbatimModel

/// A message's content as the parts that items have, whichever dialect it was written in.
///
/// A text becomes `output_text` of an assistant, else `input_text`; images and files become `input_image` and `input_file`.
/// A part that has no such form is a `text` that holds the part's JSON.
struct ItemContent {
  private(set) var parts: [Bytes] = []
  /// Calls of tools and their results, which Anthropic's messages have among the parts.
  private(set) var others: [ConversationItem] = []
  private let isAnswer: Bool

  init(_ content: JSONSlice?, of role: String) {
    isAnswer = role == "assistant"
    guard let content else { return }
    if let text = content.string { add(text: text.bytes) }
    for part in content.elements { add(part) }
  }

  init(text: Bytes, of role: String) {
    isAnswer = role == "assistant"
    add(text: text)
  }

  mutating func add(refusal: Bytes) { add(.init("refusal", "refusal", refusal)) }

  private mutating func add(_ part: JSONSlice) {
    switch part["type"]?.string?.string {
    case nil where part.kind == .string: add(text: part.string?.bytes ?? [])
    case "text": add(text: part["text"]?.string?.bytes ?? [])
    case "output_text": parts.append(part.with("annotations", "[]") { $0.kind == .array })
    case "input_image": parts.append(part.with("detail", #""auto""#) { $0.kind == .string })
    case "input_text", "input_file", "refusal", "summary_text", "reasoning_text", "computer_screenshot":
      parts.append(part.bytes)
    case "image_url": add(image: part["image_url"]?["url"], detail: part["image_url"]?["detail"])
    case "image": add(source: part["source"], of: part)
    case "file": add(file: part["file"])
    case "thinking": add(.init("reasoning_text", "text", part["thinking"]?.string?.bytes ?? []))
    case "tool_use": others.append(.call(id: part["id"], name: part["name"], input: part["input"]))
    case "tool_result": others.append(.result(id: part["tool_use_id"], content: part["content"]))
    default: add(.init("text", "text", part.bytes))
    }
  }

  private mutating func add(text: Bytes) {
    guard isAnswer else { return add(.init("input_text", "text", text)) }
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("output_text")
    json.key("text")
    json.string(text)
    json.key("annotations")
    json.raw("[]")
    json.endObject()
    parts.append(json.bytes[...])
  }

  private mutating func add(image url: JSONSlice?, detail: JSONSlice?) {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("input_image")
    json.key("detail")
    json.raw(detail?.string == nil ? Bytes(utf8: #""auto""#) : detail?.bytes ?? [])
    json.key("image_url")
    json.raw(orNull: url?.bytes)
    json.endObject()
    parts.append(json.bytes[...])
  }

  /// Of Anthropic's images: by URL, or bytes in Base64.
  private mutating func add(source: JSONSlice?, of part: JSONSlice) {
    if let url = source?["url"] { return add(image: url, detail: nil) }
    guard let data = source?["data"]?.string, let type = source?["media_type"]?.string else {
      return add(.init("text", "text", part.bytes))
    }
    var json = JSONWriter()
    json.string(Bytes(utf8: "data:") + type.bytes + Bytes(utf8: ";base64,") + data.bytes)
    add(image: JSONSlice(trusting: json.bytes[...]), detail: nil)
  }

  private mutating func add(file: JSONSlice?) {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("input_file")
    for field in file?.fields.map(\.self) ?? [] where !(field.key == "type") {
      json.field(key: field.key.json, field.value.bytes)
    }
    json.endObject()
    parts.append(json.bytes[...])
  }

  private mutating func add(_ part: TextPart) { parts.append(part.bytes) }
}

/// A part that is a type and a text.
private struct TextPart {
  let bytes: Bytes

  init(_ type: StaticString, _ name: StaticString, _ text: Bytes) {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string(type.description)
    json.key(name)
    json.string(text)
    json.endObject()
    bytes = json.bytes[...]
  }
}

extension JSONSlice {
  /// The object with a field of this value, unless it has one that will do.
  fileprivate func with(_ name: String, _ value: StaticString, unless isFine: (JSONSlice) -> Bool) -> Bytes {
    if let present = self[name], isFine(present) { return bytes }
    var json = JSONWriter()
    json.beginObject()
    for field in fields where !(field.key == name) { json.field(key: field.key.json, field.value.bytes) }
    json.key(text: name)
    json.raw(value)
    json.endObject()
    return json.bytes[...]
  }
}

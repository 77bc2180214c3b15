import VerbatimModel

/// A node of ChatGPT's tree with its message in OpenAI form.
struct ChatGPTNode {
  let parent: String?
  /// Those that the file holds.
  var children: [String]
  let messageID: String?
  /// nil where the node has no message.
  let role: String?
  /// Seconds since 1970, as they stand in the file.
  let time: Bytes?
  let model: String?
  let finishReason: Bytes?
  let json: Bytes
  /// Whether the message holds anything, or was asked.
  let isSaid: Bool

  init(_ node: JSONSlice) {
    parent = node.text("parent")
    children = (node["children"]?.elements).map { $0.compactMap { $0.string?.string } } ?? []
    let message = node["message"]?.something
    let author = message?["author"]
    messageID = message?.text("id")
    role = message == nil ? nil : author?.text("role") ?? "system"
    time = message?["create_time"].flatMap { $0.kind == .number && $0.double ?? 0 > 0 ? $0.bytes : nil }
    model = message?["metadata"]?.text("model_slug")
    finishReason = message?["metadata"]?["finish_details"]?["type"]?.something?.bytes
    let content = ChatGPTContent(message?["content"])
    isSaid = role != nil && (role == "user" || !content.isEmpty)
    var json = JSONWriter(reservingCapacity: content.json.count + 128)
    json.beginObject()
    json.string("role", role ?? "system")
    json.raw("content", content.json)
    json.string("name", author?.text("name"))
    json.raw("chatgpt", content.source)
    json.raw("attachments", message?["metadata"]?["attachments"]?.something?.bytes)
    json.endObject()
    self.json = json.bytes[...]
  }
}

/// A message's content: a text, or parts.
private struct ChatGPTContent {
  let json: Bytes
  /// As ChatGPT has it, where the text alone would not say so.
  let source: Bytes?
  let isEmpty: Bool

  init(_ content: JSONSlice?) {
    let parts = content?["parts"].map { Array($0.elements) } ?? []
    let isText = content?.text("content_type") == "text" || content == nil
    if parts.contains(where: { $0.kind != .string }) {
      json = Self.array(of: parts)
      (source, isEmpty) = (nil, false)
    } else if parts.count == 1, isText {
      json = parts[0].bytes
      (source, isEmpty) = (nil, parts[0].something == nil)
    } else {
      let text = parts.isEmpty ? Self.text(of: content) : parts.compactMap { $0.string?.string }.joined(separator: "\n")
      var writer = JSONWriter()
      writer.string(text)
      json = writer.bytes[...]
      (source, isEmpty) = (isText ? nil : content?.bytes, text.isEmpty)
    }
  }

  /// Of code, results of tools, quotations and thoughts.
  private static func text(of content: JSONSlice?) -> String {
    guard let content else { return "" }
    for name in ["text", "result", "content", "summary"] {
      if let text = content.text(name) { return text }
    }
    let thoughts = content["thoughts"].map { Array($0.elements) } ?? []
    return thoughts.compactMap { $0.text("content") ?? $0.text("summary") }.joined(separator: "\n\n")
  }

  /// Texts as OpenAI has them, anything else under its own name.
  private static func array(of parts: [JSONSlice]) -> Bytes {
    var json = JSONWriter()
    json.beginArray()
    for part in parts {
      json.beginObject()
      let type = part.kind == .string ? "text" : part.text("content_type") ?? "part"
      json.string("type", type)
      json.key(text: type)
      json.raw(part.bytes)
      json.endObject()
    }
    json.endArray()
    return json.bytes[...]
  }
}

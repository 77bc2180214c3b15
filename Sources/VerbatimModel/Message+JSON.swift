/// A message's columns and its JSON: what the columns describe completely is not kept twice.
///
/// They describe an object of `role`, `content`, and, where they are not nil, `name`, `tool_calls` and `tool_call_id`,
/// each once. Kind `text` is a string, kind `none` an explicit null; anything else (an absent `content`, content parts,
/// unknown or repeated keys, a null beside a known key, text with a NUL or lone surrogate) is kept in `raw`.
extension Message {
  private enum Key: String, CaseIterable {
    case role, content, name
    case toolCalls = "tool_calls"
    case toolCallID = "tool_call_id"
  }

  private static let keys = JSONKeyTable(Key.allCases)

  /// From a message in OpenAI form. nil unless it is an object whose `role` is a string.
  package init?(json: JSONSlice) {
    var hasOthers = false
    let found = JSONKnownFields(json, Self.keys) { _ in hasOthers = true }
    guard let role = found[.role]?.string else { return nil }
    let content = Content(found[.content])
    self.init(role: role.string, content: content.text, contentKind: content.kind)
    var isComplete = !hasOthers && !found.hasRepeats && role.isExact && content.isComplete
    if let value = found[.name] { name = Self.exactText(value, &isComplete) }
    if let value = found[.toolCallID] { toolCallID = Self.exactText(value, &isComplete) }
    if let value = found[.toolCalls] {
      if value.kind == .array { toolCalls = value.bytes } else { isComplete = false }
    }
    if !isComplete { raw = json.bytes }
  }

  /// A message that is only a text, from its JSON string.
  init(role: String, text: JSONText, json: JSONSlice) {
    self.init(role: role, content: text.bytes, contentKind: .text)
    guard !text.isExact else { return }
    var writer = JSONWriter(reservingCapacity: json.bytes.count + 64)
    writer.beginObject()
    writer.key("role")
    writer.string(role)
    writer.key("content")
    writer.raw(json.bytes)
    writer.endObject()
    raw = writer.bytes[...]
  }

  private static func exactText(_ value: JSONSlice, _ isComplete: inout Bool) -> String? {
    guard let text = value.string else {
      isComplete = false
      return nil
    }
    if !text.isExact { isComplete = false }
    return text.string
  }
}

/// What the content columns make of a message's `content`.
private struct Content {
  var text: Bytes?
  var kind: Message.ContentKind
  var isComplete: Bool

  /// nil for an absent key.
  init(_ value: JSONSlice?) {
    switch value?.kind {
    case .string:
      let string = value?.string
      text = string?.bytes
      kind = .text
      isComplete = string?.isExact ?? false
    case .array:
      text = value.map(Self.textOfParts)
      kind = .parts
      isComplete = false
    case .null:
      kind = .none
      isComplete = true
    default:
      kind = .none
      isComplete = false
    }
  }

  /// The parts' texts, joined by newlines; a refusal part counts as its refusal.
  private static func textOfParts(_ parts: JSONSlice) -> Bytes {
    var joined: [UInt8] = []
    var isFirst = true
    for part in parts.elements {
      let value = part.kind == .object ? part["text"] ?? part["refusal"] : part
      guard let text = value?.string else { continue }
      if !isFirst { joined.append(UInt8(ascii: "\n")) }
      joined.append(contentsOf: text.bytes)
      isFirst = false
    }
    return joined[...]
  }
}

extension JSONWriter {
  /// The message in OpenAI form: the JSON value that came in, whichever columns hold it.
  package mutating func message(_ message: Message) {
    if let raw = message.raw { return self.raw(raw) }
    self.message(message) { json in
      if message.contentKind != .none, let content = message.content { json.string(content) } else { json.null() }
    }
  }

  /// The message from its columns alone; `content` writes that field's value.
  package mutating func message(_ message: Message, content: (inout JSONWriter) -> Void) {
    beginObject()
    key("role")
    string(message.role)
    key("content")
    content(&self)
    if let name = message.name {
      key("name")
      string(name)
    }
    if let toolCalls = message.toolCalls {
      key("tool_calls")
      raw(toolCalls)
    }
    if let toolCallID = message.toolCallID {
      key("tool_call_id")
      string(toolCallID)
    }
    endObject()
  }
}

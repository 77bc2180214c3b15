import VerbatimModel

extension ConversationItem {
  /// What a message is as items: one at least. `output`: JSON array of the items that a response put together.
  package static func items(of message: Message, output: Bytes? = nil) -> [ConversationItem] {
    if let output {
      let items = JSONSlice(trusting: output).elements.filter { $0.kind == .object }.map(ConversationItem.init)
      if !items.isEmpty { return items }
    }
    let raw = message.raw.map { JSONSlice(trusting: $0) }
    if let raw, raw["type"]?.string != nil { return [ConversationItem(raw)] }
    if message.role == "tool" || message.role == "function" { return [.result(of: message)] }
    return said(message, raw)
  }

  /// What a request to a model said, as items: a text, or a list of messages and items.
  package static func items(ofInput input: JSONSlice) -> [ConversationItem] {
    if let text = input.string {
      return [ConversationItem(message: "user", parts: ItemContent(text: text.bytes, of: "user").parts)]
    }
    return input.elements.filter { $0.kind == .object }.map(ConversationItem.init)
  }

  /// In the order in which a model says them: thoughts, text, calls.
  private static func said(_ message: Message, _ raw: JSONSlice?) -> [ConversationItem] {
    var content = ItemContent(nil, of: message.role)
    if message.contentKind == .parts, let parts = raw?["content"] {
      content = ItemContent(parts, of: message.role)
    } else if let text = message.content {
      content = ItemContent(text: text, of: message.role)
    }
    if let refusal = raw?["refusal"]?.string { content.add(refusal: refusal.bytes) }
    var items: [ConversationItem] = []
    if let thought = raw?["reasoning_content"]?.string, !thought.isEmpty { items.append(.reasoning(thought)) }
    if !content.parts.isEmpty { items.append(ConversationItem(message: message.role, parts: content.parts)) }
    items += content.others
    // Where tools are called by parts of the content, the column only repeats them.
    if content.others.isEmpty, let calls = message.toolCalls {
      items += JSONSlice(trusting: calls).elements.map(call)
    }
    return items.isEmpty ? [ConversationItem(message: message.role, parts: [])] : items
  }

  private static func reasoning(_ thought: JSONText) -> ConversationItem {
    ConversationItem(type: "reasoning") { json in
      json.key("summary")
      json.raw("[]")
      json.key("content")
      json.beginArray()
      json.beginObject()
      json.key("type")
      json.string("reasoning_text")
      json.key("text")
      json.string(thought.bytes)
      json.endObject()
      json.endArray()
    }
  }

  private static func call(_ call: JSONSlice) -> ConversationItem {
    if let custom = call["custom"] {
      return ConversationItem(type: "custom_tool_call") { json in
        json.key("call_id")
        json.text(of: call["id"])
        json.key("name")
        json.text(of: custom["name"])
        json.key("input")
        json.text(of: custom["input"])
      }
    }
    return .call(id: call["id"], name: call["function"]?["name"], input: call["function"]?["arguments"])
  }

  /// `input`: a text that holds JSON, or the JSON itself.
  static func call(id: JSONSlice?, name: JSONSlice?, input: JSONSlice?) -> ConversationItem {
    ConversationItem(type: "function_call") { json in
      json.key("call_id")
      json.text(of: id)
      json.key("name")
      json.text(of: name)
      json.key("arguments")
      json.text(of: input)
      json.completed()
    }
  }

  private static func result(of message: Message) -> ConversationItem {
    ConversationItem(type: "function_call_output") { json in
      json.key("call_id")
      json.string(message.toolCallID ?? message.name ?? "")
      json.key("output")
      json.string(message.content ?? [])
      json.completed()
    }
  }

  /// `content`: a text, or a list of parts.
  static func result(id: JSONSlice?, content: JSONSlice?) -> ConversationItem {
    ConversationItem(type: "function_call_output") { json in
      json.key("call_id")
      json.text(of: id)
      json.key("output")
      if content?.kind == .array {
        json.beginArray()
        for part in ItemContent(content, of: "user").parts { json.raw(part) }
        json.endArray()
      } else {
        json.text(of: content)
      }
      json.completed()
    }
  }
}

extension JSONWriter {
  /// A text as it is, other JSON as a text that holds it.
  fileprivate mutating func text(of value: JSONSlice?) {
    guard let value, !value.isNull else { return string("") }
    if value.kind == .string { raw(value.bytes) } else { string(value.bytes) }
  }
}

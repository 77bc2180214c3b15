import VerbatimModel

/// What `llm logs --json` of simonw/llm prints: one response an element, with what it was asked.
struct LLMLogMapping: ImportMapping {
  /// These have places of their own; what else a row has is kept in its metadata.
  private static let placed: Set<String> = [
    "id", "model", "prompt", "system", "response", "prompt_json", "response_json", "options_json", "conversation_id",
    "conversation_name", "duration_ms", "datetime_utc", "input_tokens", "output_tokens", "token_details", "tools",
    "tool_calls", "tool_results", "prompt_fragments", "system_fragments",
  ]

  let owner: ImportOwner

  func exchanges(of element: JSONSlice, number: Int) throws(InvalidExchange) -> [ImportedExchange] {
    guard let id = element.text("id") else { throw .invalid(field: "id", reason: "is required") }
    var body = ImportBody(owner)
    body.conversationID = element.text("conversation_id").map { "llm:" + $0 }
    body.conversationName = element.text("conversation_name")
    body.model = element.text("model")
    body.messages = Self.messages(of: element)
    guard !body.messages.isEmpty else { throw .invalid(field: "prompt", reason: "is required") }
    body.choices = [Self.answer(of: element)]
    body.files = (element["attachments"]?.elements).map { $0.compactMap(Self.file) } ?? []
    body.createdAt = element["datetime_utc"]?.something?.bytes
    body.latency = element["duration_ms"]?.double.map { $0 / 1000 }
    body.finishReason = element["response_json"]?["finish_reason"]?.something?.bytes
    body.responseID = element["response_json"]?["id"]?.something?.bytes
    body.usage = Self.usage(of: element)
    if let options = element["options_json"]?.something {
      body.others.append((Bytes(utf8: #""options""#), options.bytes))
    }
    if let tools = element["tools"]?.something { body.others.append((Bytes(utf8: #""tools""#), tools.bytes)) }
    body.metadata = Self.metadata(of: element)
    return [ImportedExchange(key: .id(id), body: body.json())]
  }

  /// As llm sent them: fragments stand before the prompt, results of tools before both.
  private static func messages(of element: JSONSlice) -> [Bytes] {
    var messages: [Bytes] = []
    let system = text("system", fragments: "system_fragments", separator: "\n\n", of: element)
    if !system.isEmpty { messages.append(JSONWriter.message("system", system)) }
    if let results = element["tool_results"] { messages += results.elements.map(toolMessage) }
    let prompt = text("prompt", fragments: "prompt_fragments", separator: "\n", of: element)
    let attachments = element["attachments"].map { Array($0.elements) } ?? []
    let links = attachments.filter { $0.text("url") != nil }
    if !links.isEmpty {
      messages.append(message(prompt, links))
    } else if !prompt.isEmpty || !attachments.isEmpty {
      messages.append(JSONWriter.message("user", prompt))
    }
    return messages
  }

  private static func text(
    _ name: String, fragments: String, separator: String, of element: JSONSlice
  ) -> String {
    let parts = (element[fragments]?.elements).map { $0.compactMap { $0.text("content") } } ?? []
    return (parts + [element.text(name)].compactMap(\.self)).joined(separator: separator)
  }

  private static func message(_ prompt: String, _ links: [JSONSlice]) -> Bytes {
    var json = JSONWriter()
    json.beginObject()
    json.string("role", "user")
    json.key("content")
    json.beginArray()
    json.beginObject()
    json.string("type", "text")
    json.string("text", prompt)
    json.endObject()
    for link in links {
      json.beginObject()
      json.string("type", "image_url")
      json.key("image_url")
      json.beginObject()
      json.raw("url", link["url"]?.bytes)
      json.endObject()
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes[...]
  }

  private static func toolMessage(_ result: JSONSlice) -> Bytes {
    var json = JSONWriter()
    json.beginObject()
    json.string("role", "tool")
    json.string("name", result.text("name"))
    json.string("content", result["output"]?.string?.string ?? result["output"]?.something?.bytes.string ?? "")
    json.string("tool_call_id", result.text("tool_call_id"))
    json.raw("exception", result["exception"]?.something?.bytes)
    json.endObject()
    return json.bytes[...]
  }

  private static func answer(of element: JSONSlice) -> Bytes {
    let calls = element["tool_calls"].map { Array($0.elements) } ?? []
    var json = JSONWriter()
    json.beginObject()
    json.string("role", "assistant")
    json.key("content")
    if calls.isEmpty || element.text("response") != nil {
      json.raw(element["response"].flatMap { $0.kind == .string ? $0.bytes : nil } ?? Bytes(utf8: "\"\""))
    } else {
      json.null()
    }
    if !calls.isEmpty { write(calls, to: &json) }
    json.endObject()
    return json.bytes[...]
  }

  private static func write(_ calls: [JSONSlice], to json: inout JSONWriter) {
    json.key("tool_calls")
    json.beginArray()
    for call in calls {
      json.beginObject()
      json.string("id", call.text("tool_call_id") ?? call["id"]?.integer.map(String.init))
      json.string("type", "function")
      json.key("function")
      json.beginObject()
      json.string("name", call.text("name") ?? "")
      let arguments = call["arguments"]
      json.string("arguments", arguments?.string?.string ?? arguments?.bytes.string ?? "{}")
      json.endObject()
      json.endObject()
    }
    json.endArray()
  }

  /// nil for what only llm's own database holds.
  private static func file(_ attachment: JSONSlice) -> Bytes? {
    let path = attachment.text("path")
    guard let place = attachment.text("url") ?? path, place.hasPrefix("http") || place.hasPrefix("/") else {
      return nil
    }
    let type = attachment.text("type") ?? ""
    let kind = ["image", "audio", "video"].first { type.hasPrefix($0 + "/") } ?? "file"
    var json = JSONWriter()
    json.beginObject()
    json.string("type", kind)
    json.string("transfer_method", attachment.text("url") == nil ? "local_file" : "remote_url")
    json.string("url", place)
    json.string("mime_type", type.isEmpty ? nil : type)
    json.raw("file_size", attachment["content_length"]?.integer.map { Bytes(utf8: "\($0)") })
    json.endObject()
    return json.bytes[...]
  }

  private static func usage(of element: JSONSlice) -> Bytes? {
    guard element["input_tokens"]?.integer != nil || element["output_tokens"]?.integer != nil else { return nil }
    var json = JSONWriter()
    json.beginObject()
    json.raw("prompt_tokens", element["input_tokens"]?.something?.bytes)
    json.raw("completion_tokens", element["output_tokens"]?.something?.bytes)
    json.raw("details", element.opened("token_details")?.bytes)
    json.endObject()
    return json.bytes[...]
  }

  private static func metadata(of element: JSONSlice) -> Bytes? {
    var json = JSONWriter()
    json.beginObject()
    json.key("llm")
    json.beginObject()
    json.raw("id", element["id"]?.bytes)
    for field in element.fields where !placed.contains(field.key.text.string) && field.value.something != nil {
      json.field(key: field.key.json, field.value.bytes)
    }
    json.endObject()
    json.endObject()
    return json.bytes[...]
  }
}

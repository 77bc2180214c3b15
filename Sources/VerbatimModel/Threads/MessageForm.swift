/// What a message says, as bytes that are the same however a client writes it.
///
/// Clients send an answer back altered: without nulls and empty lists, with other fields or in another order, a text as a
/// list of one text, `""` instead of null. So what counts is the role, the name, the content, the calls of tools (their
/// arguments as text) and what a tool's answer belongs to. What providers add beside that (`refusal`, `annotations`,
/// `audio`, thoughts, marks for caches) does not.
package enum MessageForm {
  package static func bytes(of message: Message) -> [UInt8] {
    var form = Form()
    form.add(Bytes(utf8: message.role))
    form.add(message.name.map { Bytes(utf8: $0) } ?? [])
    form.add(message.toolCallID.map { Bytes(utf8: $0) } ?? [])
    let raw = message.raw.map { JSONSlice(trusting: $0) }
    var usesTools = false
    if message.contentKind == .parts, let parts = raw?["content"] {
      add(parts, to: &form, usesTools: &usesTools)
    } else {
      form.add(message.content ?? [])
    }
    // Where tools are called by parts of the content, the column only repeats them.
    if let calls = message.toolCalls, !usesTools { add(calls: JSONSlice(trusting: calls), to: &form) }
    if let call = raw?["function_call"], call.kind == .object { add(function: call, to: &form) }
    return form.bytes
  }

  /// One text counts as the text itself.
  private static func add(_ content: JSONSlice, to form: inout Form, usesTools: inout Bool) {
    var parts = content.elements.filter { !isThought($0) }
    for part in parts where part["type"]?.string?.string == "tool_use" { usesTools = true }
    if parts.count == 1, let text = text(of: parts[0]) { return form.add(text) }
    form.add([])
    if usesTools { parts.removeAll { text(of: $0)?.isEmpty == true } }
    for part in parts { form.add(json: part) }
  }

  private static func isThought(_ part: JSONSlice) -> Bool {
    let type = part["type"]?.string?.string
    return type == "thinking" || type == "redacted_thinking"
  }

  private static func text(of part: JSONSlice) -> Bytes? {
    if let text = part.string { return text.bytes }
    let type = part["type"]?.string?.string
    guard type == "text" || type == "input_text" || type == "output_text" else { return nil }
    return part["text"]?.string?.bytes
  }

  private static func add(calls: JSONSlice, to form: inout Form) {
    for call in calls.elements {
      form.add(call["id"]?.string?.bytes ?? [])
      if let function = call["function"] { add(function: function, to: &form) } else { form.add(json: call) }
    }
  }

  private static func add(function: JSONSlice, to form: inout Form) {
    form.add(function["name"]?.string?.bytes ?? [])
    let arguments = function["arguments"]
    form.add(arguments?.string?.bytes ?? arguments?.bytes ?? [])
  }
}

/// Values one after another, each with its length before it, so that none runs into the next.
private struct Form {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ value: Bytes) {
    withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
    bytes += value
  }

  /// Any JSON, its keys in order, without nulls and marks for caches.
  mutating func add(json: JSONSlice) {
    switch json.kind {
    case .object:
      let fields = json.fields.filter { !$0.value.isNull && !($0.key == "cache_control") && !($0.key == "index") }
        .map { (key: $0.key.text.bytes, value: $0.value) }
        .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      add(Bytes(utf8: "{\(fields.count)"))
      for (key, value) in fields {
        add(key)
        add(json: value)
      }
    case .array:
      let elements = Array(json.elements)
      add(Bytes(utf8: "[\(elements.count)"))
      for element in elements { add(json: element) }
    case .string: add([UInt8(ascii: "\"")] + (json.string?.bytes ?? []))
    default: add(json.bytes)
    }
  }
}

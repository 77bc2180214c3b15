import VerbatimModel

/// A response's output items as one message in OpenAI form: their texts joined by newlines, their calls of functions as
/// calls of tools.
struct ResponseOutput {
  private var texts: [[UInt8]] = []
  private var calls = JSONWriter()
  private var hasCalls = false

  init() { calls.beginArray() }

  mutating func add(_ item: JSONSlice) {
    switch item["type"]?.string?.string {
    case "message":
      for part in item["content"]?.elements ?? JSONSlice(trusting: []).elements {
        if let text = (part["text"] ?? part["refusal"])?.string { texts.append(Array(text.bytes)) }
      }
    case "function_call":
      addCall(
        id: item["call_id"] ?? item["id"], name: item["name"],
        arguments: item["arguments"]?.bytes ?? Bytes(utf8: #""""#))
    default: break
    }
  }

  /// One that may have come in part.
  mutating func add(_ item: ResponseItem) {
    let json = JSONSlice(trusting: item.json[...])
    let quote = [UInt8(ascii: "\"")]
    if json["type"]?.string?.string == "function_call", json["arguments"]?.string?.isEmpty != false {
      addCall(
        id: json["call_id"] ?? json["id"], name: json["name"], arguments: (quote + item.arguments + quote)[...])
    } else if json["status"]?.string?.string != "completed", !item.text.isEmpty {
      if let text = JSONSlice(trusting: (quote + item.text + quote)[...]).string { texts.append(Array(text.bytes)) }
    } else {
      add(json)
    }
  }

  private mutating func addCall(id: JSONSlice?, name: JSONSlice?, arguments: Bytes) {
    hasCalls = true
    calls.beginObject()
    calls.key("id")
    calls.raw(orNull: id?.bytes)
    calls.key("type")
    calls.string("function")
    calls.key("function")
    calls.beginObject()
    calls.key("name")
    calls.raw(orNull: name?.bytes)
    calls.key("arguments")
    calls.raw(arguments)
    calls.endObject()
    calls.endObject()
  }

  var message: Message {
    var calls = calls
    calls.endArray()
    let text = texts.isEmpty ? nil : Bytes(texts.joined(separator: [UInt8(ascii: "\n")]))
    return Message(
      role: "assistant", content: text, contentKind: text == nil ? .none : .text,
      toolCalls: hasCalls ? calls.bytes[...] : nil)
  }
}

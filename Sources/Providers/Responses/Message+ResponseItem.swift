import VerbatimModel

extension Message {
  /// From an item of a response's input. Its own JSON stays in `raw` wherever it is no message in OpenAI form; nil unless
  /// it is an object.
  init?(responseItem item: JSONSlice) {
    guard item.kind == .object else { return nil }
    switch item["type"]?.string?.string {
    case "message", nil:
      self.init(json: item)
    case "function_call":
      var output = ResponseOutput()
      output.add(item)
      self = output.message
      raw = item.bytes
    case "function_call_output":
      self.init(
        role: "tool", content: item["output"]?.string?.bytes, contentKind: .text,
        toolCallID: item["call_id"]?.string?.string, raw: item.bytes)
      if content == nil { contentKind = .none }
    default:
      self.init(role: "assistant", content: nil, contentKind: .none, raw: item.bytes)
    }
  }
}

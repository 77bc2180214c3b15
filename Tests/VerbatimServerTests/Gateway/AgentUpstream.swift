import VerbatimModel
import VerbatimTesting

/// A model that greets, and that asks a tool for the weather.
enum AgentUpstream {
  static let greeting = "Hello, 世界 😀"
  static let weather = "It is 22 °C in Lisbon."

  static func start() throws -> FakeUpstream {
    try FakeUpstream { request, peer in
      guard let body = try? JSONSlice(checking: Bytes(utf8: request.body)) else { return peer.refuse(400, "{}") }
      let message = message(answering: body)
      guard body["stream"]?.boolean == true else {
        peer.answer(completion(message), fields: "Content-Type: application/json\r\n")
        return true
      }
      peer.send(FakeUpstream.streamHead)
      for event in events(message) { peer.sendChunk(event) }
      peer.send("0\r\n\r\n")
      return true
    }
  }

  private enum Said {
    case text(String)
    case call(id: String)
  }

  private static func message(answering body: JSONSlice) -> Said {
    let messages = body["messages"].map { Array($0.elements) } ?? []
    let question = messages.last?.bytes.string ?? ""
    if messages.last?.text("role") == "tool" { return .text(weather) }
    if question.contains("weather"), body["tools"] != nil { return .call(id: "call_\(messages.count)") }
    return .text(greeting)
  }

  private static func completion(_ said: Said) -> String {
    let (message, reason) =
      switch said {
      case .text(let text): (#""content":"\#(text)","refusal":null,"annotations":[]"#, "stop")
      case .call(let id):
        (
          #""content":null,"tool_calls":[{"id":"\#(id)","type":"function","function":{"name":"weather","#
            + #""arguments":"{\"city\": \"Lisbon\"}"}}],"refusal":null"#, "tool_calls"
        )
      }
    return #"{"id":"chatcmpl-a","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18","#
      + #""choices":[{"index":0,"message":{"role":"assistant",\#(message)},"logprobs":null,"#
      + #""finish_reason":"\#(reason)"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13},"#
      + #""system_fingerprint":"fp_fake"}"#
  }

  private static func events(_ said: Said) -> [String] {
    switch said {
    case .text(let text):
      let parts = text.split(separator: " ", omittingEmptySubsequences: false)
      let words = parts.enumerated().map { ($0.offset == 0 ? "" : " ") + $0.element }
      return [event(#"{"role":"assistant","content":"","refusal":null}"#)]
        + words.map { event(#"{"content":"\#($0)"}"#) } + [event("{}", reason: "stop"), FakeUpstream.streamDone]
    case .call(let id):
      let function = #"{"index":0,"id":"\#(id)","type":"function","function":{"name":"weather","arguments":""}}"#
      let pieces = [#"{\"ci"#, #"ty\": \"Lis"#, #"bon\"}"#]
      return [event(#"{"role":"assistant","content":null,"tool_calls":[\#(function)]}"#)]
        + pieces.map { event(#"{"tool_calls":[{"index":0,"function":{"arguments":"\#($0)"}}]}"#) }
        + [event("{}", reason: "tool_calls"), FakeUpstream.streamDone]
    }
  }

  private static func event(_ delta: String, reason: String? = nil) -> String {
    let reason = reason.map { "\"\($0)\"" } ?? "null"
    return #"data: {"id":"chatcmpl-a","object":"chat.completion.chunk","created":1760000000,"#
      + #""model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
      + "\n\n"
  }
}

import Synchronization
import VerbatimTesting

/// A provider that answers /v1/responses, each time under another id, and knows one response of its own.
struct ResponseUpstream: Sendable {
  private final class Count: Sendable {
    let answers = Atomic(0)
  }

  let fake: FakeUpstream

  init(status: String = "completed") throws {
    let count = Count()
    fake = try FakeUpstream { request, peer in
      guard request.head.hasPrefix("POST ") else {
        guard request.path.hasPrefix("/v1/responses/resp_elsewhere") || request.path.hasPrefix("/v1/responses/resp_bg")
        else { return peer.refuse(404, #"{"error":{"message":"not here","type":"x","param":null,"code":null}}"#) }
        peer.answer(Self.response("resp_elsewhere", text: "Mine."), fields: "Content-Type: application/json\r\n")
        return true
      }
      let number = count.answers.add(1, ordering: .relaxed).newValue
      let id = status == "completed" ? "resp_\(number)" : "resp_bg\(number)"
      let response = Self.response(id, text: "Answer \(number).", status: status)
      guard request.body.replacing(" ", with: "").contains(#""stream":true"#) else {
        peer.answer(response, fields: "Content-Type: application/json\r\n")
        return true
      }
      peer.send(FakeUpstream.streamHead)
      for event in Self.events(response, text: "Answer \(number).") { peer.sendChunk(event) }
      peer.send("0\r\n\r\n")
      return true
    }
  }

  static func response(_ id: String, text: String, status: String = "completed") -> String {
    let output =
      #"{"type":"reasoning","id":"rs_1","summary":[]},{"type":"message","id":"msg_1","role":"assistant","#
      + #""status":"completed","content":[{"type":"output_text","text":"\#(text)","annotations":[],"logprobs":[]}]}"#
    return #"{"id":"\#(id)","object":"response","created_at":1760000000,"status":"\#(status)","error":null,"#
      + #""incomplete_details":null,"instructions":null,"metadata":{},"model":"m-1","output":[\#(status == "queued" ? "" : output)],"#
      + #""parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":"#
      + #"{"input_tokens":3,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":2,"#
      + #""output_tokens_details":{"reasoning_tokens":0},"total_tokens":5}}"#
  }

  private static func events(_ response: String, text: String) -> [String] {
    let delta =
      #""item_id":"msg_1","output_index":1,"content_index":0,"delta":"\#(text)","logprobs":[],"sequence_number":1"#
    return [
      #"{"type":"response.created","sequence_number":0,"response":\#(response)}"#,
      #"{"type":"response.output_text.delta",\#(delta)}"#,
      #"{"type":"response.completed","sequence_number":2,"response":\#(response)}"#,
    ].map { "data: \($0)\n\n" }
  }
}

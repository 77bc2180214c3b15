import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct OpenAIClientTests {
  private static let toolCall = """
    {"id":"chatcmpl-fake-3","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini","choices":[{"index":0,\
    "message":{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":\
    {"name":"weather","arguments":"{\\"city\\": \\"Lisbon\\"}"}}]},"finish_reason":"tool_calls"}],\
    "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}
    """

  private static func upstream() throws -> FakeUpstream {
    try FakeUpstream { request, peer in
      if request.path == "/v1/models" {
        peer.answer(#"{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}"#)
        return true
      }
      let body = request.body.replacing(" ", with: "")
      if body.contains(#""model":"refused""#) {
        return peer.refuse(400, #"{"error":{"message":"refused","type":"invalid_request_error","code":"no_good"}}"#)
      }
      if body.contains(#""tools""#), !body.contains(#""role":"tool""#) {
        peer.answer(toolCall, fields: "Content-Type: application/json\r\n")
        return true
      }
      return peer.sendCompletion(asStream: body.contains(#""stream":true"#))
    }
  }

  /// What went over the wire is what history holds, for each exchange that the client tells the id of.
  @Test func `OpenAI's own client holds conversations, which are in history`() async throws {
    let upstream = try Self.upstream()
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let outcome = try await SpawnedCommand.run(
        [Fixtures.path("gateway/openai_client.py"), api.url + "/v1"], executable: Fixtures.python,
        in: TemporaryFolder(),
        environment: ["PYTHONIOENCODING": "utf-8"])
      #expect(outcome.code == 0, "\(outcome.errors)")
      let ids = outcome.output.split(separator: "\n").map(String.init)
      try #require(ids.count == 4)

      let list = try await api.get("/api/v1/conversations?limit=100")
      var recorded: [String: JSONSlice] = [:]
      for conversation in list.json["conversations"].map({ Array($0.elements) }) ?? [] {
        let page = try await api.get("/api/chat/\(try #require(conversation.text("id")))/messages?limit=100")
        for exchange in page.json["data"].map({ Array($0.elements) }) ?? [] {
          recorded[try #require(exchange.text("id"))] = exchange
        }
      }
      // 26 answers and a refusal.
      #expect(recorded.count == 27)
      for id in ids { #expect(recorded[id] != nil) }
      #expect(recorded[ids[0]]?.text("answer") == "Hello, 世界 😀")
      #expect(recorded[ids[2]]?.bytes.string.contains(#"{\"city\": \"Lisbon\"}"#) == true)
      #expect(try await api.failures().count == 1)
    }
  }
}

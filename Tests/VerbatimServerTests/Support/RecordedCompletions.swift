import Providers
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

/// Calls as the gateway records them.
enum RecordedCompletions {
  static let request =
    #"{"model": "gpt-4o", "temperature": 0.5, "metadata": {"topic": "weather"}, "messages": ["#
    + #"{"role": "system", "content": "Be brief."}, "#
    + #"{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}"#

  static func answer(_ id: String, text: String) -> String {
    #"{"id":"\#(id)","object":"chat.completion","created":1718345013,"model":"gpt-4o-2024-08-06","choices":["#
      + #"{"index":0,"message":{"role":"assistant","content":"\#(text)","refusal":null,"annotations":[]},"#
      + #""logprobs":null,"finish_reason":"stop"},{"index":1,"message":{"role":"assistant","content":null,"#
      + #""refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"}}]},"#
      + #""logprobs":null,"finish_reason":"tool_calls"}],"#
      + #""usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12},"#
      + #""service_tier":"default","system_fingerprint":"fp_1"}"#
  }
}

extension TestAPI {
  @discardableResult
  func record(
    _ id: String, text: String = "Hello.", body: String = RecordedCompletions.request
  ) async throws -> Store.Receipt {
    try await record(body, call: .chatCompletions, answer: RecordedCompletions.answer(id, text: text))
  }

  @discardableResult
  func record(_ body: String, call: RecordedCall, answer: String) async throws -> Store.Receipt {
    let request = try ChatRequest(parsing: Bytes(utf8: body), call: call)
    var exchange = request.exchange(appID: "app", userID: "user", provider: "openai")
    if let threaded = request.threaded {
      let thread = try await store.thread(
        of: threaded, account: "default", app: "app", user: "user", conversation: nil)
      exchange.conversationID = thread.conversationID
      exchange.thread = thread.place
    }
    var capture = Capture(request, status: 200, contentType: "application/json")
    _ = capture.take(Bytes(utf8: answer))
    capture.finish(.whole).fill(&exchange)
    return try await store.append(exchange, account: "default")
  }
}

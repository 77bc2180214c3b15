import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct InsertTests {
  @Test(arguments: Transport.allCases)
  func `an exchange is stored and read back`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let answer = try await api.post(
        "/api/chat/insert",
        Bodies.exchange(
          "你好", answer: "Hello 👋",
          """
          "model_provider":"openai","model_id":"gpt-4o","client_message_id":"m-1","inputs":{"a":[1,2.50]},
          "metadata":{"latency":1.2},"usage":{"prompt_tokens":3,"completion_tokens":4},"finish_reason":"stop",
          "files":[{"type":"image","transfer_method":"remote_url","url":"https://example.com/a.png"}],
          "created_at":"2025-01-15T10:30:00Z","future":{"big":12345678901234567890}
          """))
      #expect(answer.status == 200)
      #expect(answer.fields["Content-Type"] == "application/json")
      #expect(answer.fields["X-Request-Id"]?.isEmpty == false)
      #expect(answer["success"]?.boolean == true)
      #expect(answer["duplicate"]?.boolean == false)
      #expect(answer["error"]?.isNull == true)
      let conversation = try #require(answer.string("conversation_id"))
      let message = try #require(answer.string("message_id"))

      let page = try await api.get("/api/chat/\(conversation)/messages")
      #expect(page.status == 200)
      #expect(page.integer("limit") == 20)
      #expect(page["has_more"]?.boolean == false)
      let stored = try #require(page.data.first)
      #expect(page.data.count == 1)
      #expect(stored.string("id") == message)
      #expect(stored.string("conversation_id") == conversation)
      #expect(stored.string("app_id") == "app")
      #expect(stored.string("user_id") == "user")
      #expect(stored.string("query") == "你好")
      #expect(stored.string("answer") == "Hello 👋")
      #expect(stored["inputs"]?.text == #"{"a":[1,2.50]}"#)
      #expect(stored["metadata"]?.text == #"{"latency":1.2}"#)
      #expect(stored["usage"]?.text == #"{"prompt_tokens":3,"completion_tokens":4}"#)
      #expect(stored["extra"]?["future"]?["big"]?.text == "12345678901234567890")
      #expect(stored.string("model_provider") == "openai")
      #expect(stored.string("model_id") == "gpt-4o")
      #expect(stored.string("client_message_id") == "m-1")
      #expect(stored.string("finish_reason") == "stop")
      #expect(stored.string("status") == "normal")
      #expect(stored.string("created_at") == "2025-01-15T10:30:00.000Z")
      #expect(stored["latency"]?.double == 1.2)
      #expect(stored["error"]?.isNull == true)
      #expect(stored["messages"] == nil)
      let file = try #require(stored["message_files"]?.elements.first { _ in true })
      #expect(file.string("type") == "image")
      #expect(file.string("url") == "https://example.com/a.png")
      #expect(file.string("belongs_to") == "user")
    }
  }

  @Test(arguments: Transport.allCases)
  func `a conversation counts its exchanges once each`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let body = Bodies.exchange("q", answer: "a", #""conversation_id":"c/1 ü","client_message_id":"m""#)
      for _ in 0..<3 { #expect(try await api.post("/api/chat/insert", body).status == 200) }
      let failed = try await api.post(
        "/api/chat/error",
        """
        {"app_id":"app","user_id":"user","conversation_id":"c/1 ü","query":"q","error_code":429,"error_message":"slow down"}
        """)
      #expect(failed.status == 200)
      let conversation = try await api.get("/api/chat/c%2F1%20%C3%BC")
      #expect(conversation.status == 200)
      #expect(conversation.string("id") == "c/1 ü")
      #expect(conversation.string("app_id") == "app")
      #expect(conversation.string("name") == "q")
      #expect(conversation.string("status") == "normal")
      #expect(conversation.integer("dialogue_count") == 1)
      #expect(conversation.integer("error_count") == 1)
      let created = try #require(conversation.string("created_at"))
      #expect(created.count == 24 && created.hasSuffix("Z"))
      let page = try await api.get("/api/chat/c%2F1%20%C3%BC/messages")
      #expect(page.data.map { $0.string("status") } == ["normal", "error"])
      #expect(page.data.last?["error"]?.string("message") == "slow down")
      #expect(page.data.last?["error"]?.string("code") == "429")
    }
  }

  @Test(arguments: Transport.allCases)
  func `64 clients repeating one client_message_id get one id`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let body = Bodies.exchange("q", answer: "a", #""client_message_id":"same""#)
      let answers = try await withThrowingTaskGroup(of: TestAPI.Answer.self) { group in
        for _ in 0..<64 { group.addTask { try await api.post("/api/chat/insert", body) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(answers.allSatisfy { $0.status == 200 })
      #expect(Set(answers.map { $0.string("message_id") }).count == 1)
      #expect(answers.filter { $0["duplicate"]?.boolean == false }.count == 1)
      let conversation = try #require(answers.first?.string("conversation_id"))
      #expect(try await api.get("/api/chat/\(conversation)").integer("dialogue_count") == 1)
    }
  }

  @Test func `the header Idempotency-Key stands in for client_message_id`() async throws {
    try await TestAPI.with { api in
      let first = try await api.post("/api/chat/insert", Bodies.exchange(), fields: ["Idempotency-Key": "k"])
      let second = try await api.post("/api/chat/insert", Bodies.exchange(), fields: ["Idempotency-Key": "k"])
      let named = try await api.post(
        "/api/chat/insert", Bodies.exchange("q", answer: "a", #""client_message_id":"own""#),
        fields: ["Idempotency-Key": "k"])
      #expect(second["duplicate"]?.boolean == true)
      #expect(second.string("message_id") == first.string("message_id"))
      #expect(named["duplicate"]?.boolean == false)
    }
  }

  @Test func `NUL, lone surrogates and long numbers come back as they were sent`() async throws {
    try await TestAPI.with { api in
      let body = #"""
        {"app_id":"a","user_id":"u","query":"x\u0000y \ud800","answer":"\udfff é \u00e9","inputs":{"n":1e400},"z":-0.0}
        """#
      let answer = try await api.post("/api/chat/insert", body)
      let page = try await api.get("/api/chat/\(answer.string("conversation_id") ?? "")/messages")
      let stored = try #require(page.data.first)
      #expect(stored["query"]?.text == #""x\u0000y \ud800""#)
      #expect(stored["answer"]?.text == #""\udfff é \u00e9""#)
      #expect(stored["inputs"]?.text == #"{"n":1e400}"#)
      #expect(stored["extra"]?.text == #"{"z":-0.0}"#)
      #expect(stored["messages"] == nil)
    }
  }

  @Test func `messages in OpenAI form come back beside query and answer`() async throws {
    try await TestAPI.with { api in
      let messages = #"""
        [{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Look"},{"type":"image_url","image_url":{"url":"https://e.com/i.png"}}]}]
        """#
      let answer = try await api.post(
        "/api/chat/insert", #"{"app_id":"a","user_id":"u","messages":\#(messages),"answer":"Seen."}"#)
      #expect(answer.status == 200)
      let page = try await api.get("/api/chat/\(answer.string("conversation_id") ?? "")/messages")
      let stored = try #require(page.data.first)
      #expect(stored.string("query") == "Look")
      #expect(stored.string("answer") == "Seen.")
      let sent = try JSONSlice(checking: Bytes(utf8: messages))
      #expect(isSameJSON(stored["messages"], sent))
      #expect(stored["choices"]?.elements.first { _ in true }?["message"]?.string("content") == "Seen.")
    }
  }

  @Test func `choices, figures and a conversation's name come back as they were given`() async throws {
    try await TestAPI.with { api in
      let choices = #"""
        [{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}},{"index":1,"message":{"role":"assistant","content":"B"}}]
        """#
      let figures = #"""
        "latency":1.25,"total_price":0.0000285,"currency":"EUR","response_id":"chatcmpl-1","conversation_name":"Größe"
        """#
      let answer = try await api.post(
        "/api/chat/insert",
        #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"q","choices":\#(choices),\#(figures)}"#)
      #expect(answer.status == 200, "\(answer.text)")
      let unanswered = try await api.post(
        "/api/chat/insert", #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"still there?","choices":[]}"#)
      #expect(unanswered.status == 200, "\(unanswered.text)")
      let page = try await api.get("/api/chat/c/messages")
      let stored = try #require(page.data.first)
      #expect(isSameJSON(stored["choices"], try JSONSlice(checking: Bytes(utf8: choices))))
      #expect(stored["latency"]?.double == 1.25)
      #expect(stored["total_price"]?.text == "0.000029" && stored["extra"]?["total_price"]?.text == "0.0000285")
      #expect(stored.string("currency") == "EUR" && stored.string("response_id") == "chatcmpl-1")
      #expect(page.data.last?.string("query") == "still there?")
      #expect(try await api.get("/api/v1/conversations/c")["conversation"]?.string("name") == "Größe")
      for more in [
        #""choices":[],"answer":"x""#, #""choices":[{}]"#, #""choices":[],"error":{"code":1,"message":"m"}"#,
      ] {
        let refused = try await api.post("/api/chat/insert", #"{"app_id":"a","user_id":"u","query":"q",\#(more)}"#)
        #expect(refused.status == 400, "\(refused.text)")
      }
    }
  }

  @Test func `a price and tokens are estimated where that is wanted`() async throws {
    var configuration = Configuration()
    configuration.isTokenEstimationEnabled = true
    configuration.pricePerThousandTokens = 2
    configuration.currency = "CNY"
    try await TestAPI.with(configuration: configuration) { api in
      let answer = try await api.post("/api/chat/insert", Bodies.exchange("你好吗", answer: "fine thanks"))
      let page = try await api.get("/api/chat/\(answer.string("conversation_id") ?? "")/messages")
      let stored = try #require(page.data.first)
      #expect(stored["usage"]?["prompt_tokens"]?.integer == 4)
      #expect(stored["usage"]?["completion_tokens"]?.integer == 2)
      #expect(stored["usage"]?["total_tokens"]?.integer == 6)
      #expect(stored["total_price"]?.text == "0.012")
      #expect(stored.string("currency") == "CNY")
    }
  }
}

import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct CompletionTests {
  @Test(arguments: Transport.allCases)
  func `a recorded completion is found by the id that its provider gave`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      try await api.record("chatcmpl-1", text: "older")
      try await api.record("chatcmpl-1", text: "Hello.")
      let found = try await api.get("/v1/chat/completions/chatcmpl-1")
      #expect(found.status == 200)
      let wire = try JSONSlice(checking: Bytes(utf8: RecordedCompletions.answer("chatcmpl-1", text: "Hello.")))
      for name in ["id", "object", "created", "model", "usage", "service_tier", "system_fingerprint"] {
        #expect(found[name]?.text == wire[name]?.text)
      }
      let choices = found["choices"].map { Array($0.elements) } ?? []
      for (choice, expected) in zip(choices, wire["choices"].map { Array($0.elements) } ?? []) {
        for name in ["index", "message", "logprobs", "finish_reason"] {
          #expect(choice[name]?.text == expected[name]?.text)
        }
      }
      #expect(choices.count == 2)
      #expect(found["temperature"]?.text == "0.5")
      #expect(found["metadata"]?.text == #"{"topic": "weather"}"#)
      let missing = try await api.get("/v1/chat/completions/none")
      #expect(missing.status == 404)
      #expect(missing["error"]?["message"]?.string?.string == "there is no such completion")
    }
  }

  @Test func `completions are listed, changed and forgotten`() async throws {
    try await TestAPI.with { api in
      for number in 1...5 {
        let body = RecordedCompletions.request.replacing("weather", with: number % 2 == 0 ? "even" : "odd")
        try await api.record("c\(number)", body: body)
      }
      func ids(_ query: String) async throws -> [String] {
        let page = try await api.get("/v1/chat/completions?" + query)
        #expect(page.status == 200, "\(page.text)")
        return page["data"]?.elements.compactMap { $0["id"]?.string?.string } ?? []
      }
      #expect(try await ids("") == ["c1", "c2", "c3", "c4", "c5"])
      #expect(try await ids("order=desc&limit=2") == ["c5", "c4"])
      #expect(try await ids("after=c2&limit=2") == ["c3", "c4"])
      #expect(try await ids("metadata%5Btopic%5D=even") == ["c2", "c4"])
      #expect(try await ids("model=gpt-4o&metadata[topic]=odd&after=c1") == ["c3", "c5"])
      #expect(try await ids("model=other").isEmpty)
      #expect(try await api.get("/v1/chat/completions?after=none").status == 400)
      let page = try await api.get("/v1/chat/completions?limit=2")
      #expect(page.string("first_id") == "c1" && page.string("last_id") == "c2")
      #expect(page["has_more"]?.boolean == true)
      let changed = try await api.post("/v1/chat/completions/c1", #"{"metadata":{"topic":"new"}}"#)
      #expect(changed["metadata"]?.text == #"{"topic":"new"}"#)
      #expect(try await ids("metadata[topic]=new") == ["c1"])
      let pairs = (0...16).map { "\"\($0)\":\"\"" }.joined(separator: ",")
      for bad in [#"{"metadata":{"a":1}}"#, #"{"metadata":[]}"#, "{\"metadata\":{\(pairs)}}", "{}", "[]", "null"] {
        #expect(try await api.post("/v1/chat/completions/c1", bad).status == 400)
      }
      #expect(try await ids("metadata[topic]=new") == ["c1"])
      let emptied = try await api.post("/v1/chat/completions/c1", #"{"metadata":null}"#)
      #expect(emptied["metadata"]?.text == "{}")
      let deleted = try await api.request("DELETE", "/v1/chat/completions/c1")
      #expect(deleted.text == #"{"id":"c1","object":"chat.completion.deleted","deleted":true}"#)
      #expect(try await api.get("/v1/chat/completions/c1").status == 404)
      #expect(try await api.request("DELETE", "/v1/chat/completions/c1").status == 404)
    }
  }

  /// Some providers give all answers one id.
  @Test(arguments: ["asc", "desc"])
  func `pages hold each completion once, also where ids repeat`(_ order: String) async throws {
    try await TestAPI.with { api in
      for number in 1...5 { try await api.record(number == 2 ? "other" : "same", text: "Answer \(number).") }
      var texts: [String] = []
      var after = ""
      while true {
        let page = try await api.get("/v1/chat/completions?limit=2&order=\(order)\(after)")
        for completion in page["data"].map({ Array($0.elements) }) ?? [] {
          let id = try #require(completion["id"]?.string?.string)
          let found = try await api.get("/v1/chat/completions/\(id)")
          #expect(found.text == completion.text)
          texts.append(completion.bytes.string.matches(of: /Answer \d/).map { String($0.output) }.joined())
          after = "&after=\(id)"
        }
        guard page["has_more"]?.boolean == true, texts.count < 10 else { break }
      }
      let expected = (1...5).map { "Answer \($0)" }
      #expect(texts == (order == "asc" ? expected : expected.reversed()))
    }
  }

  @Test func `answers of other forms are not listed as completions`() async throws {
    let response =
      #"{"id":"resp_1","object":"response","status":"completed","output":[{"type":"message","role":"assistant","#
      + #""content":[{"type":"output_text","text":"Hi"}]}]}"#
    let message =
      #"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hi"}],"#
      + #""stop_reason":"end_turn"}"#
    try await TestAPI.with { api in
      let said = #"[{"role":"user","content":"Hi"}]"#
      try await api.record(#"{"model":"m","input":"Hi"}"#, call: .responses, answer: response)
      try await api.record(#"{"model":"m","max_tokens":9,"messages":\#(said)}"#, call: .messages, answer: message)
      try await api.record("c1")
      let page = try await api.get("/v1/chat/completions")
      #expect(page["data"]?.elements.compactMap { $0["id"]?.string?.string } == ["c1"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `whoever has few among many lists their own`(_ engine: TestEngine) async throws {
    try await TestAPI.with(on: engine) { api in
      var exchange = NewExchange(
        appID: "app", userID: "many", modelProvider: "openai", modelName: "m",
        messages: [Message(role: "user", content: Bytes(utf8: "Hi"), contentKind: .text)],
        choices: [Message(role: "assistant", content: Bytes(utf8: "Hello"), contentKind: .text)])
      exchange.responseID = "theirs"
      let theirs = Array(repeating: exchange, count: 2100)
      for outcome in await api.store.append(theirs, account: "default") { _ = try outcome.get() }
      exchange.userID = "few"
      exchange.responseID = "mine"
      _ = try await api.store.append(exchange, account: "default")
      let mine = CompletionQuery(reach: Reach(account: "default", user: "few"), limit: 20)
      let page = try #require(try await api.store.completions(matching: mine))
      #expect(page.completions.map(\.id) == ["mine"])
      #expect(!page.hasMore)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `who has a completion keeps it, however many others have the same id`(_ engine: TestEngine) async throws {
    try await TestAPI.with(configuration: .withKeys, on: engine) { api in
      func fields(of user: String) async throws -> HTTPFields { .key(try await api.makeKey(user: user)) }
      let (ana, bob) = (try await fields(of: "ana"), try await fields(of: "bob"))
      func record(_ query: String, count: Int = 1, as fields: HTTPFields) async throws {
        let body = #"{"app_id":"app","query":"\#(query)","answer":"a","response_id":"same"}"#
        let bodies = Array(repeating: body, count: count).joined(separator: ",")
        #expect(try await api.post("/api/chat/insert/batch", "[\(bodies)]", fields: fields).status == 200)
      }
      func question(_ fields: HTTPFields) async throws -> String? {
        let messages = try await api.get("/v1/chat/completions/same/messages", fields: fields)
        return messages.data.first?.string("content")
      }
      try await record("ana's", as: ana)
      try await record("bob's", count: 101, as: bob)
      #expect(try await question(ana) == "ana's")
      #expect(try await question(bob) == "bob's")
      let deleted = try await api.request("DELETE", "/v1/chat/completions/same", fields: bob)
      #expect(deleted.status == 200)
      #expect(try await question(bob) == nil)
      #expect(try await question(ana) == "ana's")
      #expect(try await api.request("DELETE", "/v1/chat/completions/same", fields: bob).status == 404)
      #expect(try await api.request("DELETE", "/v1/chat/completions/same", fields: ana).status == 200)
      #expect(try await question(ana) == nil)
    }
  }

  @Test func `the messages and the body of a request come back`() async throws {
    try await TestAPI.with { api in
      let receipt = try await api.record("c1")
      let path = "/v1/chat/completions/c1/messages"
      let page = try await api.get(path)
      let messages = page["data"].map { Array($0.elements) } ?? []
      #expect(messages.map { $0["id"]?.string?.string } == ["c1-0", "c1-1"])
      #expect(messages.first?["content"]?.string?.string == "Be brief.")
      #expect(messages.last?["content"]?.isNull == true)
      #expect(messages.last?["content_parts"]?.text == #"[{"type": "text", "text": "Hi"}]"#)
      let rest = try await api.get(path + "?after=c1-0&limit=1")
      #expect(rest["data"]?.elements.map { $0["id"]?.string?.string } == ["c1-1"])
      #expect(rest["has_more"]?.boolean == false)
      let body = try await api.get(
        "/api/v1/conversations/\(receipt.conversationID)/exchanges/\(receipt.exchangeID)/request")
      #expect(body.text == RecordedCompletions.request)
    }
  }

  /// With the client's check of what it gets switched on.
  @Test func `OpenAI's own client reads what was recorded`() async throws {
    try await TestAPI.with(.socket) { api in
      for number in 1...3 { try await api.record("c\(number)", text: "Answer \(number).") }
      let outcome = try await SpawnedCommand.run(
        [Fixtures.path("openai/stored_completions.py"), api.url], executable: Fixtures.python, in: TemporaryFolder())
      #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
    }
  }
}

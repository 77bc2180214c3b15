import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct StoredConversationTests {
  private static let path = "/v1/conversations"

  /// With the client's check of what it gets switched on.
  @Test(arguments: TestEngine.allCases)
  func `OpenAI's own client makes, fills and reads conversations`(_ engine: TestEngine) async throws {
    try await TestAPI.with(.socket, on: engine) { api in
      let told = try await api.post(
        "/api/chat/insert", Bodies.exchange("Hi", answer: "Hello.", #""conversation_id":"told""#))
      try #require(told.status == 200)
      let outcome = try await SpawnedCommand.run(
        [Fixtures.path("openai/conversations.py"), api.url], executable: Fixtures.python, in: TemporaryFolder())
      #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
      let findings = try await api.store.verify { _ in }
      #expect(findings == [])
    }
  }

  @Test(arguments: Transport.allCases)
  func `what is put into a conversation is in its history, word for word`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let item =
        #"{"role": "user", "content": [{"type": "input_text", "text": "\ud83d 123456789012345678901", "x": 1e0}]}"#
      let made = try await api.post(Self.path, #"{"items": [\#(item)], "metadata": {"user_id": "ana"}}"#)
      let id = try #require(made.string("id"))
      let history = try await api.get("/api/v1/conversations/\(id)")
      #expect(history["messages"]?.text == "[\(item)]")
      #expect(history["conversation"]?["user_id"]?.string?.string == "ana")
      let page = try await api.get("/api/chat/\(id)/messages")
      #expect(page["data"]?.elements.compactMap { $0["status"]?.string?.string } == ["normal"])
      let listed = try await api.get("\(Self.path)/\(id)/items")
      #expect(
        listed["data"]?.elements.compactMap { $0["content"]?.text } == [
          #"[{"type": "input_text", "text": "\ud83d 123456789012345678901", "x": 1e0}]"#
        ])
      let export = try await api.get("/api/conversations/\(id)/export?format=ndjson")
      #expect(export.text.contains("123456789012345678901"))
    }
  }

  @Test func `a conversation of the gateway is a list of items`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      let id = try #require(answer.fields["X-Conversation-Id"])
      let listed = try await api.get("\(Self.path)/\(id)/items?order=asc")
      let items = listed["data"].map { Array($0.elements) } ?? []
      #expect(items.map { $0["role"]?.string?.string } == ["user", "assistant"])
      let exchange = try #require(answer.fields["X-Exchange-Id"]).replacing("-", with: "")
      #expect(items.last?["id"]?.string?.string == "msg_" + exchange)
      #expect(try await api.get("\(Self.path)/\(id)")["object"]?.string?.string == "conversation")
    }
  }

  @Test(arguments: [
    ("POST", "", "[]", 400), ("POST", "", #"{"metadata":[]}"#, 400), ("POST", "", #"{"metadata":{"a":1}}"#, 400),
    ("POST", "", #"{"items":[{"role":"user"}]}"#, 400), ("POST", "", "{", 422),
    ("POST", "/c", #"{"metadata":"a"}"#, 400), ("POST", "/none", "{}", 404), ("DELETE", "/none", "{}", 404),
    ("POST", "/c/items", "{}", 400), ("POST", "/c/items", #"{"items":{}}"#, 400),
    ("POST", "/none/items", #"{"items":[{"role":"user","content":"a"}]}"#, 404),
    ("DELETE", "/c/items/msg_1", "", 404), ("DELETE", "/c/items/msg_0190163d8694739baea5966c26f8ad91", "", 404),
    ("PUT", "/c/items", "{}", 405),
  ])
  func `wrong uses are refused as OpenAI does`(method: String, path: String, body: String, status: Int) async throws {
    try await TestAPI.with { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c""#))
      let before = try await api.get("/api/v1/conversations/c").text
      let answer = try await api.request(
        method, Self.path + path, fields: ["Content-Type": "application/json"], body: Array(body.utf8))
      #expect(answer.status == status, "\(answer.text)")
      #expect(answer["error"]?["message"]?.string?.isEmpty == false)
      #expect(try await api.get("/api/v1/conversations/c").text == before)
      #expect(try await api.get("/api/v1/conversations")["conversations"]?.elements.map(\.self).count == 1)
    }
  }

  @Test func `a key that is limited to a user makes conversations of that user`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let ana = HTTPFields.key(try await api.makeKey(app: "shop", user: "ana"))
      let made = try await api.post(Self.path, #"{"items":[{"role":"user","content":"Hi"}]}"#, fields: ana)
      let id = try #require(made.string("id"))
      let found = try await api.get("/api/v1/conversations/\(id)", fields: ana)
      #expect(found["conversation"]?["app_id"]?.string?.string == "shop")
      #expect(found["conversation"]?["user_id"]?.string?.string == "ana")
      var wrong = ana
      wrong["X-App-Id"] = "other"
      #expect(try await api.post(Self.path, "{}", fields: wrong).status == 403)
    }
  }
}

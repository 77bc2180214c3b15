import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ChatTests {
  @Test(arguments: TestEngine.allCases)
  func `a conversation goes on with what was said`(_ engine: TestEngine) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream), on: engine) { api in
      let first = try await api.chat("one \\ud83d \u{1F600}", #""model":"gpt-4o-mini","x":1.10"#)
      try #require(first.status == 200, "\(first.text)")
      let conversation = try #require(first.string("conversation_id"))
      #expect(first.string("response") == "answer 1")
      #expect(first["cached"]?.boolean == false && first["duplicate"]?.boolean == false)
      #expect(first["usage"]?["total_tokens"]?.integer == 13)
      #expect(first.fields["X-Conversation-Id"] == conversation)

      let second = try await api.chat("two", in: conversation)
      #expect(second.string("conversation_id") == conversation)
      #expect(
        try upstream.said().last == ["user: one \\ud83d \u{1F600}", "assistant: answer 1", "user: two"])
      // The model that its session has.
      #expect(upstream.requests.last?.body.contains(#""model":"gpt-4o-mini""#) == true)

      let exchanges = try await api.exchanges(of: conversation)
      #expect(exchanges.last?["extra"]?.text("message") == "two")
      #expect(exchanges.map { $0.text("id") } == [first, second].map { $0.string("message_id") })
      #expect(exchanges.map { $0.text("answer") } == ["answer 1", "answer 2"])
      let managed = try await api.get("/api/v1/conversations/\(conversation)").json["conversation"]
      #expect(managed?.text("source") == "chat")
      #expect(managed?["dialogue_count"]?.integer == 2 && managed?["message_count"]?.integer == 4)
    }
  }

  @Test(arguments: [
    #"{ "message" : "plain", "x": 1.10 }"#, #"{"message":"esc\u0061ped \ud83d"}"#,
    #"{"message":"first","message":"second"}"#,
  ])
  func `the body is given back byte for byte`(_ body: String) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(TestAPI.chat, body)
      let path = try #require(answer.string("conversation_id").map { "/api/v1/conversations/\($0)/exchanges/" })
      let id = try #require(answer.string("message_id"))
      #expect(try await api.get("\(path)\(id)/request").text == body)
    }
  }

  @Test func `so many of the last messages are told, and no more tokens than are allowed`() async throws {
    let upstream = try FakeUpstream.counting()
    let short = Configuration.gateway(to: upstream) { $0.chat.limits.messages = 3 }
    try await TestAPI.with(configuration: short) { api in
      for message in ["one", "two", "three"] { _ = try await api.chat(message, in: "c") }
      #expect(
        try upstream.said().last == ["assistant: answer 1", "user: two", "assistant: answer 2", "user: three"])
    }
    let tight = Configuration.gateway(to: upstream) { $0.chat.limits.tokens = 20 }
    try await TestAPI.with(configuration: tight) { api in
      for message in ["one", "天气天气天气天气天气天气天气", "three"] { _ = try await api.chat(message, in: "c") }
      #expect(try upstream.said().last == ["assistant: answer 5", "user: three"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `settings of the conversation hold where the request says nothing else`(_ engine: TestEngine) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream), on: engine) { api in
      _ = try await api.chat("one", in: "c")
      let settings = """
        {"temperature":0.25,"max_tokens":7,"top_p":0.5,"frequency_penalty":1,"presence_penalty":-1,\
        "stop_sequences":["END"],"system_message":"Be brief."}
        """
      let set = try await api.request(
        "PUT", "/api/v1/conversations/c/settings", fields: ["Content-Type": "application/json"],
        body: Array(settings.utf8))
      try #require(set.status == 200)
      let answer = try await api.chat("two", in: "c", #""temperature":0,"stop":["."]"#)
      let body = try #require(upstream.requests.last?.body)
      #expect(
        body.hasSuffix(
          #","temperature":0.0,"max_tokens":7,"top_p":0.5,"frequency_penalty":1.0,"presence_penalty":-1.0,"stop":["."]}"#
        ), "\(body)")
      #expect(
        try upstream.said().last == ["system: Be brief.", "user: one", "assistant: answer 1", "user: two"])
      // What was sent is on record.
      let id = try #require(answer.string("message_id").flatMap { UUIDv7($0) })
      let request = try await api.store.exchange(id, within: .account("default"))?.request?.string
      #expect(request?.contains(#""system_message":"Be brief.","context_messages":2,"cached":false"#) == true)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a session that has expired begins anew, in the same conversation`(_ engine: TestEngine) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream), on: engine) { api in
      for source in ["chat", "api"] {
        var old = NewExchange(
          appID: "app", userID: "user", conversationID: source, modelProvider: "p", modelName: "m",
          messages: [Message(role: "user", content: Bytes(utf8: "old"), contentKind: .text)],
          choices: [Message(role: "assistant", content: Bytes(utf8: "older"), contentKind: .text)])
        old.source = source
        old.createdAt = UnixClock.milliseconds() - 25 * 3_600_000
        _ = try await api.store.append(old, account: "default")
        for message in ["one", "two"] { #expect(try await api.chat(message, in: source).status == 200) }
        #expect(try await api.exchanges(of: source).count == 3)
      }
      #expect(
        try upstream.said() == [
          ["user: one"], ["user: one", "assistant: answer 1", "user: two"],
          // Recorded history is no session.
          ["user: old", "assistant: older", "user: one"],
          ["user: old", "assistant: older", "user: one", "assistant: answer 3", "user: two"],
        ])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a conversation begins by its id, goes on when archived, and is gone when deleted`(
    _ engine: TestEngine
  ) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream), on: engine) { api in
      #expect(try await api.chat("one", in: "mine").string("conversation_id") == "mine")
      let path = "/api/v1/conversations/mine"
      _ = try await api.request(
        "PATCH", path, fields: ["Content-Type": "application/json"], body: Array(#"{"status":"archived"}"#.utf8))
      #expect(try await api.chat("two", in: "mine").status == 200)
      #expect(try await api.get(path).json["conversation"]?.text("status") == "active")
      #expect(try await api.request("DELETE", "/api/conversations/mine").status == 200)
      let gone = try await api.chat("three", in: "mine")
      #expect(gone.status == 404 && gone.string("error") == "not_found")
      #expect(upstream.requests.count == 2)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a repeat is answered with the first answer, and no model is asked`(_ engine: TestEngine) async throws {
    let upstream = try FakeUpstream.counting()
    let configuration = Configuration.gateway(to: upstream) { $0.chat.cachedAnswers = 0 }
    try await TestAPI.with(configuration: configuration, on: engine) { api in
      let first = try await api.chat("one", #""client_message_id":"k""#)
      let conversation = try #require(first.string("conversation_id"))
      let repeats = [
        try await api.chat("one", #""client_message_id":"k""#),
        try await api.chat("one", in: conversation, #""client_message_id":"k""#),
        try await api.chat("one", fields: ["Idempotency-Key": "k"]),
      ]
      for answer in repeats {
        #expect(answer.string("message_id") == first.string("message_id"), "\(answer.text)")
        #expect(answer.string("conversation_id") == conversation)
        #expect(answer.string("response") == "answer 1" && answer["duplicate"]?.boolean == true)
      }
      let stream = try await api.chat("one", #""client_message_id":"k","stream":true"#)
      #expect(stream.text.contains(#""delta":"answer 1""#))
      #expect(upstream.requests.count == 1)
      #expect(try await api.exchanges(of: conversation).count == 1)
      // Another user's is another.
      let other = try await api.chat("one", #""client_message_id":"k","user_id":"ben""#)
      #expect(other["duplicate"]?.boolean == false && upstream.requests.count == 2)
    }
  }

  @Test func `repeats at once are stored once, and all answered alike`() async throws {
    let upstream = try FakeUpstream.counting()
    let configuration = Configuration.gateway(to: upstream) { $0.chat.cachedAnswers = 0 }
    try await TestAPI.with(configuration: configuration) { api in
      let answers = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 {
          group.addTask {
            let answer = try await api.chat("one", in: "c", #""client_message_id":"k""#)
            return "\(answer.string("message_id") ?? "") \(answer.string("response") ?? "")"
          }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(answers.count == 1, "\(answers)")
      #expect(try await api.exchanges(of: "c").count == 1)
    }
  }

  @Test(arguments: [
    (#"{}"#, 400, "message is required"), (#"{"message":""}"#, 400, "message must not be empty"),
    (#"{"message":["a"]}"#, 400, "message must be a string"), (#"{"message":"q""#, 422, "not JSON"),
    (#"{"message":"q","stream":"yes"}"#, 400, "stream must be true or false"),
    (#"{"message":"q","temperature":3}"#, 400, "temperature must be a number from 0.0 to 2.0"),
    (#"{"message":"q","stop":"END"}"#, 400, "stop must be a JSON array"),
    (#"{"message":"q","conversation_id":7}"#, 400, "conversation_id must be a string"),
  ])
  func `what cannot be asked is refused by name`(_ body: String, _ status: Int, _ detail: String) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(TestAPI.chat, body)
      #expect(answer.status == status)
      #expect(answer.string("detail")?.contains(detail) == true, "\(answer.text)")
      #expect(upstream.requests.isEmpty)
      #expect(try await api.post(TestAPI.chat, "message=q", type: "text/plain").status == 415)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what belongs to somebody else is not there, and needs the scope`(_ engine: TestEngine) async throws {
    let upstream = try FakeUpstream.counting()
    let configuration = Configuration.gateway(to: upstream) { $0.authentication = .on }
    try await TestAPI.with(configuration: configuration, on: engine) { api in
      let ana: HTTPFields = .key(try await api.makeKey(app: "a", user: "ana"))
      let ben: HTTPFields = .key(try await api.makeKey(app: "a", user: "ben"))
      let stranger: HTTPFields = .key(try await api.makeKey(account: "other"))
      #expect(try await api.chat("one", in: "hers", fields: ana).status == 200)
      let refused = try await api.chat("two", in: "hers", fields: ben)
      #expect(refused.status == 404 && refused.string("error") == "not_found")
      // Another account's conversation of the same id is another one.
      #expect(try await api.chat("two", in: "hers", fields: stranger).status == 200)
      #expect(try upstream.said().last == ["user: two"])
      #expect(try await api.chat("q", #""user_id":"ana""#, fields: ben).status == 403)
      let reader: HTTPFields = .key(try await api.makeKey([.read]))
      #expect(try await api.chat("q", fields: reader).status == 403)
      #expect(try await api.chat("q").status == 401)
      #expect(upstream.requests.count == 2)
      let exchange = try #require(try await api.exchanges(of: "hers", fields: ana).first)
      #expect(exchange.text("app_id") == "a" && exchange.text("user_id") == "ana")
    }
  }

  @Test func `calls of tools are told with their answers or not at all`() async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let call = #"{"id":"t1","type":"function","function":{"name":"f","arguments":"{}"}}"#
      let inserted = try await api.post(
        "/api/chat/insert",
        """
        {"app_id":"a","user_id":"u","conversation_id":"c","answer":"done","messages":[
        {"role":"user","content":"one"},{"role":"assistant","content":null,"tool_calls":[\(call)]},
        {"role":"tool","tool_call_id":"t1","content":"result"}]}
        """)
      try #require(inserted.status == 200, "\(inserted.text)")
      _ = try await api.chat("two", in: "c")
      #expect(
        try upstream.said().last == [
          "user: one", "assistant: null", "tool: result", "assistant: done", "user: two",
        ])
      #expect(upstream.requests.last?.body.contains(call) == true)
    }
    let short = Configuration.gateway(to: upstream) { $0.chat.limits.messages = 2 }
    try await TestAPI.with(configuration: short) { api in
      _ = try await api.post(
        "/api/chat/insert",
        #"{"app_id":"a","user_id":"u","conversation_id":"c","answer":"done","messages":[{"role":"user","content":"q"},"#
          + #"{"role":"tool","tool_call_id":"t1","content":"result"}]}"#)
      _ = try await api.chat("two", in: "c")
      #expect(try upstream.said().last == ["assistant: done", "user: two"])
    }
  }

  @Test func `who chats with what is in the audit trail`() async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for message in ["one", "two"] { _ = try await api.chat(message, in: "c") }
      await api.trail.flush()
      let rows = try await api.main.auditTrail(AuditQuery(), limit: 10)
      #expect(rows.map { "\($0.action) \($0.conversation ?? "") \($0.count)" } == ["conversation.chat c 2"])
    }
  }
}

import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ChatCompletionTests {
  @Test(arguments: Transport.allCases)
  func `request and answer pass byte for byte, and are recorded`(_ transport: Transport) async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(transport, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request, fields: ["Authorization": "Bearer sk-client"])
      #expect(answer.status == 200)
      #expect(answer.text == FakeUpstream.completion)
      #expect(answer.fields["X-Upstream-Request-Id"] == "req_fake")

      let request = try #require(upstream.requests.first)
      #expect(request.path == "/v1/chat/completions")
      #expect(request.body == Chat.request)
      #expect(request.field("Authorization") == "Bearer sk-upstream")
      #expect(request.field("Accept-Encoding") == "identity")

      let exchange = try #require(try await api.recorded(answer).first)
      #expect(exchange.text("id") == answer.fields["X-Exchange-Id"])
      #expect(exchange.text("answer") == "Hello, 世界 😀")
      #expect(exchange.text("model_id") == "gpt-4o-mini")
      #expect(exchange.text("model_provider") == "openai")
      #expect(exchange.text("finish_reason") == "stop")
      #expect(exchange["usage"]?["total_tokens"]?.integer == 13)
    }
  }

  @Test(arguments: Transport.allCases)
  func `a stream passes byte for byte, and is recorded when it ends`(_ transport: Transport) async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(transport, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.streaming)
      #expect(answer.status == 200)
      #expect(answer.fields["Content-Type"] == "text/event-stream; charset=utf-8")
      // Without the chunk of usage, which it did not ask for.
      #expect(answer.text == Chat.wholeStream)
      let sent = try #require(upstream.requests.first).body
      #expect(sent == #"{"stream_options":{"include_usage":true},"# + Chat.streaming.dropFirst())

      let exchange = try #require(try await api.recorded(answer).first)
      #expect(exchange.text("id") == answer.fields["X-Exchange-Id"])
      #expect(exchange.text("answer") == "Hello, 世界 😀")
      #expect(exchange["usage"]?["total_tokens"]?.integer == 13)
    }
  }

  @Test func `users with long names stay apart, and threads of one of them together`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      func conversation(_ user: String) async throws -> String? {
        let said =
          #"[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello, 世界 😀"},"#
          + #"{"role":"user","content":"And?"}]"#
        let answer = try await api.post(Chat.path, #"{"model":"m","user":"\#(user)","messages":\#(said)}"#)
        #expect(answer.status == 200)
        return answer.fields["X-Conversation-Id"]
      }
      let (one, other) = (String(repeating: "a", count: 65), String(repeating: "a", count: 66))
      for user in [one, other] {
        let first = #"{"model":"m","user":"\#(user)","messages":[{"role":"user","content":"Hi"}]}"#
        #expect(try await api.post(Chat.path, first).status == 200)
      }
      let ones = try await conversation(one)
      #expect(try await conversation(other) != ones)
      #expect(try await conversation(one) == ones)
      let listed = try await api.get("/api/v1/conversations")
      // printf %s of 65 letters a, by sha256sum
      #expect(listed.text.contains("635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"))
    }
  }

  @Test func `who asks for the usage of a stream gets it`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let request = Chat.streaming.dropLast() + #","stream_options":{"include_usage":true}}"#
      let answer = try await api.post(Chat.path, String(request))
      #expect(answer.text.contains(FakeUpstream.streamUsage))
      #expect(upstream.requests.first?.body == String(request))
    }
  }

  @Test func `an upstream that refuses stream_options is not asked for usage again`() async throws {
    let upstream = try FakeUpstream { request, peer in
      guard !request.body.contains("include_usage") else {
        return peer.refuse(400, #"{"error":{"message":"unknown field stream_options"}}"#)
      }
      return peer.sendCompletion(asStream: true)
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for _ in 0..<2 {
        let answer = try await api.post(Chat.path, Chat.streaming)
        #expect(answer.status == 200)
        #expect(try await api.recorded(answer).count == 1)
      }
      #expect(upstream.requests.count == 3)
    }
  }

  @Test func `metadata and store are recorded, and forwarded with store alone`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let body = #"{"model":"m","messages":[{"role":"user","content":"q"}],"metadata":{"conversation_id":"c-7"}"#
      let own = try await api.post(Chat.path, body + "}")
      #expect(own.fields["X-Conversation-Id"] == "c-7")
      #expect(upstream.requests.last?.body == #"{"model":"m","messages":[{"role":"user","content":"q"}]}"#)
      _ = try await api.post(Chat.path, body + #","store":true}"#)
      #expect(upstream.requests.last?.body == body + #","store":true}"#)
    }
  }

  @Test(arguments: Transport.allCases)
  func `an id that no header can hold is the conversation's all the same`(_ transport: Transport) async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(transport, configuration: .gateway(to: upstream)) { api in
      for (path, body) in [
        (
          Chat.path,
          #"{"model":"m","messages":[{"role":"user","content":"q"}],"metadata":{"conversation_id":"a\r\nX: 1"}}"#
        ),
        (TestAPI.chat, #"{"message":"q","conversation_id":"a\r\nX: 2"}"#),
      ] {
        let answer = try await api.post(path, body)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.fields["X-Conversation-Id"] == nil && answer.fields["X"] == nil)
        #expect(answer.fields["X-Exchange-Id"] != nil)
      }
      for id in ["a\r\nX: 1", "a\r\nX: 2"] {
        #expect(try await api.store.conversation(id, within: .account("default"))?.dialogueCount == 1)
      }
    }
  }

  @Test func `the header names the conversation`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for _ in 0..<2 {
        let answer = try await api.post(Chat.path, Chat.request, fields: ["X-Conversation-Id": "mine"])
        #expect(answer.fields["X-Conversation-Id"] == "mine")
      }
      let page = try await api.get("/api/chat/mine/messages")
      #expect(page.json["data"]?.elements.reduce(0) { count, _ in count + 1 } == 2)
    }
  }

  @Test func `a conversation of somebody else is not there, and no upstream is asked`() async throws {
    let upstream = try FakeUpstream.completing()
    let configuration = Configuration.gateway(to: upstream) { $0.authentication = .on }
    try await TestAPI.with(configuration: configuration) { api in
      var fields: HTTPFields = .key(try await api.makeKey(app: "a", user: "ana"))
      fields["X-Conversation-Id"] = "hers"
      #expect(try await api.post(Chat.path, Chat.request, fields: fields).status == 200)
      var others: HTTPFields = .key(try await api.makeKey(app: "a", user: "ben"))
      others["X-Conversation-Id"] = "hers"
      let refused = try await api.post(Chat.path, Chat.request, fields: others)
      #expect(refused.status == 404)
      #expect(upstream.requests.count == 1)
      fields["X-App-Id"] = "b"
      #expect(try await api.post(Chat.path, Chat.request, fields: fields).status == 403)
    }
  }

  @Test(arguments: [false, true])
  func `a request that repeats a conversation goes on with it`(_ isStream: Bool) async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let beginning = #"{"stream":\#(isStream),"model":"m","messages":[{"role":"user","content":"one"}"#
      let first = try await api.post(Chat.path, beginning + "]}")
      let rest = #",{"role":"assistant","content":"Hello, 世界 😀"},{"role":"user","content":"two"}]}"#
      let second = try await api.post(Chat.path, beginning + rest)
      #expect(second.fields["X-Conversation-Id"] == first.fields["X-Conversation-Id"])
      let exchanges = try await api.recorded(second)
      #expect(exchanges.compactMap { $0.text("id") } == [first, second].compactMap { $0.fields["X-Exchange-Id"] })
      #expect(exchanges.compactMap { $0.text("query") } == ["one", "two"])
      let stranger = try await api.post(Chat.path, beginning + "]}")
      #expect(stranger.fields["X-Conversation-Id"] != first.fields["X-Conversation-Id"])
    }
  }

  @Test func `nothing is recorded where that is asked for`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for body in [Chat.request, Chat.streaming] {
        let answer = try await api.post(Chat.path, body, fields: ["X-Verbatim-Record": "none"])
        #expect(answer.status == 200)
        #expect(answer.fields["X-Exchange-Id"] == nil)
        let stream =
          FakeUpstream.streamBeginning + [FakeUpstream.streamFinish, FakeUpstream.streamUsage, FakeUpstream.streamDone]
        #expect(answer.text == (body == Chat.request ? FakeUpstream.completion : stream.joined()))
        #expect(upstream.requests.last?.body == body)
      }
      let list = try await api.get("/api/v1/conversations")
      #expect(list.json["conversations"]?.elements.first { _ in true } == nil)
      let wrong = try await api.post(Chat.path, Chat.request, fields: ["X-Verbatim-Record": "some"])
      #expect(wrong.status == 400)
    }
  }

  @Test func `of metadata alone nothing that was said is recorded`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request, fields: ["X-Verbatim-Record": "metadata"])
      let exchange = try #require(try await api.recorded(answer).first)
      #expect(exchange["usage"]?["total_tokens"]?.integer == 13)
      #expect(exchange.text("model_id") == "gpt-4o-mini")
      for bytes in try api.databaseFiles() {
        #expect(!String(decoding: bytes, as: UTF8.self).contains("世界"))
      }
    }
  }

  @Test func `what is wrong with a call is said as OpenAI says it`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for (body, status) in [("{", 422), ("[]", 400), ("{}", 400), (#"{"model":7,"messages":[]}"#, 400)] {
        let answer = try await api.post(Chat.path, body)
        #expect(answer.status == status)
        #expect(answer.json["error"]?.text("message")?.isEmpty == false)
        #expect(answer.json["error"]?.text("type") == "invalid_request_error")
      }
    }
    try await TestAPI.with(configuration: .withKeys) { api in
      let stranger = try await api.post(Chat.path, Chat.request)
      #expect(stranger.status == 401)
      #expect(stranger.json["error"]?.text("type") == "authentication_error")
      let reader = try await api.post(Chat.path, Chat.request, fields: .key(try await api.makeKey(.read)))
      #expect(reader.status == 403)
      #expect(reader.json["error"]?.text("type") == "permission_error")
      let caller = try await api.post(Chat.path, Chat.request, fields: .key(try await api.makeKey(.chat)))
      #expect(caller.status == 503)
      #expect(caller.json["error"]?.text("code") == "no_channel")
    }
  }

  @Test func `models and other calls pass unrecorded`() async throws {
    let upstream = try FakeUpstream { request, peer in
      if request.path == "/v1/models" {
        peer.answer(#"{"object":"list","data":[{"id":"b","object":"model"},{"id":"a","object":"model","x":1.0}]}"#)
      } else {
        peer.answer("\(request.path) \(request.body)", fields: "Content-Type: text/plain\r\n")
      }
      return true
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let models = try await api.get("/v1/models")
      #expect(
        models.text
          == #"{"object":"list","data":[{"id":"a","object":"model","x":1.0},{"id":"b","object":"model"}]}"#)
      #expect(try await api.get("/v1/models/b").text == #"{"id":"b","object":"model"}"#)
      #expect(try await api.get("/v1/models/c").status == 404)
      let embeddings = try await api.post("/v1/embeddings?x=%2F", #"{"model":"e","input":"\u0000"}"#)
      #expect(embeddings.text == #"/v1/embeddings?x=%2F {"model":"e","input":"\u0000"}"#)
      #expect(try await api.request("DELETE", "/v1/files/f-1").text == "/v1/files/f-1 ")
      #expect(upstream.requests.last?.field("Authorization") == "Bearer sk-upstream")
    }
  }
}

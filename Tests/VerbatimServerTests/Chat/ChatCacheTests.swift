import HTTP
import Providers
import Redis
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite(.timeLimit(.minutes(2))) struct ChatCacheTests {
  @Test(arguments: TestEngine.allCases)
  func `the same question in the same context is answered from the cache, and recorded`(
    _ engine: TestEngine
  ) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream), on: engine) { api in
      let first = try await api.chat("one")
      let second = try await api.chat("one")
      #expect(second.status == 200 && second["cached"]?.boolean == true)
      #expect(second.string("response") == "answer 1")
      #expect(second["usage"]?["total_tokens"]?.integer == 0)
      #expect(second.string("message_id") != first.string("message_id"))
      let conversation = try #require(second.string("conversation_id"))
      #expect(conversation != first.string("conversation_id"))
      let exchange = try #require(try await api.exchanges(of: conversation).first)
      #expect(exchange.text("answer") == "answer 1" && exchange.text("model_provider") == "openai")
      #expect(exchange["usage"]?["total_tokens"]?.integer == 0)
      // The next question is asked in a context that both have.
      let third = try await api.chat("two", in: conversation)
      #expect(third["cached"]?.boolean == false)
      let original = try #require(first.string("conversation_id"))
      #expect(try await api.chat("two", in: original)["cached"]?.boolean == true)
      #expect(upstream.requests.count == 2)
    }
  }

  @Test(arguments: [
    #""system_message":"s""#, #""model":"other""#, #""temperature":0.9"#, #""cache":false"#, #""max_tokens":5"#,
  ])
  func `another way of asking is another question`(_ more: String) async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      _ = try await api.chat("one")
      #expect(try await api.chat("one", more).string("response") == "answer 2")
      #expect(try await api.chat("one")["cached"]?.boolean == true)
    }
  }

  @Test func `who asks for variety gets it unless the request says otherwise`() async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for more in [#""temperature":0.9"#, #""temperature":0.9"#, #""temperature":0.9,"cache":true"#] {
        let answer = try await api.chat("one", more)
        #expect(answer["cached"]?.boolean == false)
      }
      let last = try await api.chat("one", #""temperature":0.9,"cache":true"#)
      #expect(last["cached"]?.boolean == true)
      #expect(upstream.requests.count == 3)
    }
  }

  @Test func `no account gets what another was answered`() async throws {
    let upstream = try FakeUpstream.counting()
    let configuration = Configuration.gateway(to: upstream) { $0.authentication = .on }
    try await TestAPI.with(configuration: configuration) { api in
      for account in ["one", "other"] {
        let fields: HTTPFields = .key(try await api.makeKey(account: account))
        #expect(try await api.chat("q", fields: fields)["cached"]?.boolean == false)
        #expect(try await api.chat("q", fields: fields)["cached"]?.boolean == true)
      }
    }
  }

  @Test func `streams are kept and answered likewise`() async throws {
    let upstream = try FakeUpstream.counting()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      _ = try await api.chat("one", #""stream":true"#)
      #expect(try await api.chat("one")["cached"]?.boolean == true)
      let stream = try await api.chat("one", #""stream":true"#)
      #expect(stream.fields["Content-Type"]?.hasPrefix("text/event-stream") == true)
      #expect(stream.text.contains(#"data: {"delta":"answer 1"}"#) && stream.text.contains(#""cached":true"#))
      #expect(upstream.requests.count == 1)
    }
  }

  @Test func `failures, calls of tools and what was redacted are not kept`() async throws {
    let answers = [
      FakeUpstream.completion.replacing("Hello, 世界 😀", with: "Write to ana@example.com"),
      FakeUpstream.completion.replacing("\"finish_reason\": \"stop\"", with: "\"finish_reason\": \"length\""),
    ]
    for answer in answers {
      let upstream = try FakeUpstream { _, peer in
        peer.answer(answer, fields: "Content-Type: application/json\r\n")
        return true
      }
      let configuration = Configuration.gateway(to: upstream) { $0.redaction.standard = .mask }
      try await TestAPI.with(configuration: configuration) { api in
        for _ in 0..<2 {
          let answer = try await api.chat("q")
          #expect(answer["cached"]?.boolean == false)
        }
      }
    }
  }

  @Test func `servers share answers in Redis, sealed, and go on without it`() async throws {
    let keys = try ContentKeys(parsing: "k:" + String(repeating: "A", count: 43) + "=")
    let question = Message(role: "user", content: Bytes(utf8: "q"), contentKind: .text)
    let prompt = ChatPrompt(
      model: "m", settings: ConversationSettings(), context: [], question: question, isStream: false)
    var answer = Answer()
    answer.choices = [Message(role: "assistant", content: Bytes(utf8: "Zanzibar"), contentKind: .text)]
    answer.finishReason = "stop"
    let kept = try #require(CachedAnswer(answer, from: "openai"))
    try await RedisServer.with { redis in
      let client = try await RedisClient.connect(to: redis.address, timeout: .seconds(10))
      let caches = (0..<2).map { _ in AnswerCache(ChatSettings(), redis: client, keys: keys, log: .silent) }
      let key = try #require(caches[0].key(for: prompt, of: "account", wish: nil))
      #expect(caches[1].key(for: prompt, of: "other", wish: nil) != key)
      await caches[0].keep(kept, for: key)
      let found = try #require(await caches[1].answer(for: key))
      #expect(found.message.string.contains("Zanzibar") && found.provider == "openai")
      guard case .bytes(let stored) = try await client.send("GET", "verbatim:chat:" + key) else {
        Issue.record("nothing is in Redis")
        return
      }
      #expect(!String(decoding: stored, as: UTF8.self).contains("Zanzibar"))
      let time = try await client.send("TTL", "verbatim:chat:" + key)
      #expect(time != .integer(-1))
      // What was put there by somebody else opens for nobody.
      _ = try await client.send("SET", "verbatim:chat:" + key, "enc:v1:k:AAAA")
      #expect(await caches[1].answer(for: key) == nil)
      try await redis.kill()
      #expect(await caches[0].answer(for: key) != nil)
      #expect(await caches[1].answer(for: key) == nil)
      await caches[1].keep(kept, for: key)
      #expect(await caches[1].answer(for: key) != nil)
    }
  }
}

import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite(.timeLimit(.minutes(3))) struct ChatFailureTests {
  private static let body = #"{"error":{"message":"said","code":"c"}}"#

  @Test(arguments: [
    (400, 400, "upstream_refused"), (404, 400, "upstream_refused"), (401, 502, "upstream_refused"),
    (418, 502, "upstream_error"), (500, 502, "upstream_error"), (504, 504, "upstream_timeout"),
  ])
  func `what an upstream refuses has the error's form and is recorded`(
    _ status: Int, _ told: Int, _ code: String
  ) async throws {
    let upstream = try FakeUpstream { _, peer in peer.refuse(status, Self.body) }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for more in ["", #""stream":true"#] {
        let answer = try await api.chat("q", more)
        #expect(answer.status == told && answer.string("error") == code, "\(answer.text)")
        #expect(answer["success"]?.boolean == false && answer.string("request_id") != nil)
        #expect(answer.string("detail")?.contains("said") == (status != 401))
        let failure = try #require(try await api.failures().first)
        #expect(failure.text("id") == answer.fields["X-Exchange-Id"])
        #expect(failure.text("query") == "q")
      }
    }
  }

  @Test func `who is to wait is told for how long`() async throws {
    let upstream = try FakeUpstream { _, peer in peer.refuse(429, Self.body, fields: "Retry-After: 60\r\n") }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q")
      #expect(answer.status == 429 && answer.fields["Retry-After"] == "60")
    }
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\":", "HTTP/1.1 200 OK\r\n\r\n<html>"])
  func `an answer that is none is 502 and recorded`(_ bytes: String) async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(bytes)
      return false
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q")
      #expect(answer.status == 502)
      #expect(try await api.failures().count == 1)
    }
  }

  @Test func `without a channel nothing is recorded`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.chat("q")
      #expect(answer.status == 503 && answer.string("error") == "no_channel")
      #expect(try await api.failures().isEmpty)
    }
  }

  @Test func `strict recording answers nothing that is not recorded`() async throws {
    let upstream = try FakeUpstream.counting()
    for (recording, status) in [(GatewaySettings.Recording.strict, 503), (.lenient, 200)] {
      let configuration = Configuration.gateway(to: upstream) { $0.gateway.recording = recording }
      try await TestAPI.with(configuration: configuration) { api in
        // Then the channels are known, and an answer is kept.
        let first = try await api.chat("q")
        #expect(first.status == 200)
        await api.store.close()
        for message in ["q", "another"] {
          let answer = try await api.chat(message)
          #expect(answer.status == status)
        }
      }
    }
  }

  @Test func `what is redacted in the record reaches the caller as it is`() async throws {
    let upstream = try FakeUpstream.counting()
    let configuration = Configuration.gateway(to: upstream) { $0.redaction.standard = .mask }
    try await TestAPI.with(configuration: configuration) { api in
      _ = try await api.chat("I am ana@example.com", in: "c")
      #expect(try upstream.said().last == ["user: I am ana@example.com"])
      let exchange = try #require(try await api.exchanges(of: "c").first)
      #expect(!exchange.bytes.string.contains("ana@example.com"))
      _ = try await api.chat("two", in: "c")
      #expect(upstream.requests.last?.body.contains("ana@example.com") == false)
    }
  }

  @Test func `what is said is sealed, and told again all the same`() async throws {
    let upstream = try FakeUpstream.counting()
    let folder = try TemporaryFolder()
    var history = Store.Configuration(path: folder.path("verbatim.db"))
    history.contentKeys = try ContentKeys(parsing: "k:" + String(repeating: "A", count: 43) + "=")
    let main = MainStore.Configuration(history.engine)
    try await TestAPI.with(configuration: .gateway(to: upstream), history: history, main: main, in: folder) { api in
      _ = try await api.chat("Zanzibar", in: "c", #""system_message":"Be Zoltan.""#)
      _ = try await api.chat("two", in: "c")
      #expect(try upstream.said().last == ["user: Zanzibar", "assistant: answer 1", "user: two"])
      for file in try api.databaseFiles() {
        let text = String(decoding: file, as: UTF8.self)
        #expect(!text.contains("Zanzibar") && !text.contains("Zoltan"))
      }
    }
  }

  @Test(arguments: [TestEngine.postgreSQL, .mariaDB])
  func `while the history is away a conversation may begin, and goes on when it is back`(
    _ engine: TestEngine
  ) async throws {
    let upstream = try FakeUpstream.counting()
    let folder = try TemporaryFolder()
    try await OwnServer.with(engine) { server in
      var history = Store.Configuration(server.engine("history"))
      history.journal = JournalConfiguration(path: folder.path("journal.db"), maximumBytes: 1 << 20)
      let main = MainStore.Configuration(Store.Configuration(path: folder.path("main.db")).engine)
      try await TestAPI.with(configuration: .gateway(to: upstream), history: history, main: main, in: folder) { api in
        _ = try await api.chat("one", in: "c")
        try await server.kill()
        let begun = try await api.chat("two", #""client_message_id":"k""#)
        #expect(begun.status == 200 && begun.string("response") == "answer 2", "\(begun.text)")
        #expect(begun.fields["X-Verbatim-Durability"] == "journal")
        let named = try await api.chat("three", in: "c")
        #expect(named.status == 503 && named.fields["Retry-After"] != nil, "\(named.text)")
        #expect(upstream.requests.count == 2)
        try await server.start()
        try await api.store.delivered()
        let conversation = try #require(begun.string("conversation_id"))
        #expect(try await api.chat("four", in: conversation).status == 200)
        #expect(try upstream.said().last == ["user: two", "assistant: answer 2", "user: four"])
        #expect(try await api.chat("two", #""client_message_id":"k""#)["duplicate"]?.boolean == true)
      }
    }
  }
}

import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ExportTests {
  /// What is hard to give back as it came.
  private static let awkward = [
    Bodies.exchange(
      "fields", answer: "a", #""unknown":{"x":[1,2]},"big":123456789012345678901234567890,"s":"\ud800\u0000""#
    ),
    #"{"app_id":"app","user_id":"user","query":"\ud800 \u0000","answer":"\udfff","client_message_id":"k-1"}"#,
    #"{"app_id":"app","user_id":"user","query":"q","error":{"code":429,"message":"slow","type":"rate"}}"#,
    #"""
    {"app_id":"app","user_id":"user","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","n":1e400}]},{"role":"tool","tool_call_id":"1","content":"t"}],"answer":"done","usage":{"prompt_tokens":3,"completion_tokens":4,"x":1.0},"finish_reason":"stop","metadata":{"latency":0.125}}
    """#,
    #"""
    {"app_id":"app","user_id":"user","query":"f","answer":"g","files":[{"type":"image","transfer_method":"remote_url","url":"https://example.com/a.png","belongs_to":"user","file_size":12,"extra":true}],"inputs":{"é":"\/"}}
    """#,
  ]

  @Test func `what is exported imports to an equal store, all that was recorded`() async throws {
    let fixtures = try Fixtures.text(atPath: Fixtures.path("exchanges.ndjson"))
    try await TestAPI.with { source in
      let lines = fixtures + Self.awkward.joined(separator: "\n") + "\n"
      let answer = try await source.post("/api/chat/insert/batch", lines, type: "application/x-ndjson")
      #expect(answer.integer("failed") == 0, "\(answer.text.prefix(500))")
      try await Self.addOthers(to: source.store)
      let exported = try await source.get("/api/conversations/export-all?format=ndjson")
      let body = exported.text.split(separator: "\n").dropLast().joined(separator: "\n")
      try await TestAPI.with { target in
        let taken = try await target.post("/api/chat/insert/batch", body, type: "application/x-ndjson")
        #expect(taken.integer("failed") == 0, "\(taken.text.prefix(500))")
        let again = try await target.get("/api/conversations/export-all?format=ndjson")
        #expect(Self.comparable(again.text) == Self.comparable(exported.text))
        #expect(try await target.store.verify { _ in } == [])
      }
    }
  }

  /// What no body can bring: several answers, none, a provider's details.
  private static func addOthers(to store: Store) async throws {
    func message(_ role: String, _ text: String) -> Message {
      Message(role: role, content: Bytes(utf8: text), contentKind: .text)
    }
    var exchange = NewExchange(
      appID: "app", userID: "user", conversationID: "several", modelProvider: "openai", modelName: "gpt-4o",
      messages: [message("user", "q")], choices: [message("assistant", "a"), message("assistant", "b")])
    exchange.responseID = "chatcmpl-1"
    exchange.isStream = true
    exchange.latency = .milliseconds(1_234)
    exchange.firstTokenLatency = .milliseconds(56)
    exchange.totalPrice = 789
    exchange.currency = "CNY"
    exchange.request = Bytes(utf8: #"{"model":"gpt-4o","metadata":{"k":"v"},"temperature":0.10}"#)
    _ = try await store.append(exchange, account: Account.standard)
    exchange.choices = []
    exchange.responseID = nil
    _ = try await store.append(exchange, account: Account.standard)
    exchange.failure = NewExchange.Failure(code: "500", message: "broke off")
    exchange.choices = [message("assistant", "half an")]
    _ = try await store.append(exchange, account: Account.standard)
  }

  /// Lines without the exchanges' own ids and the end, in no order.
  private static func comparable(_ text: String) -> [String] {
    text.split(separator: "\n").dropLast()
      .map { String($0).replacing(/"id":"[0-9a-f-]{36}"/, with: #""id":"""#) }
      .sorted()
  }

  @Test func `an increment has what came since the cursor, and only that`() async throws {
    try await TestAPI.with { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("one"))
      let first = try await api.get("/api/conversations/export-all?format=ndjson")
      let cursor = try #require(first.fields["X-Verbatim-Cursor"])
      let end = try JSONSlice(checking: Bytes(utf8: String(first.text.split(separator: "\n").last ?? "")))
      #expect(end["end_of_export"]?.string("cursor") == cursor)
      #expect(end["end_of_export"]?["exchanges"]?.integer == 1)
      _ = try await api.post("/api/chat/insert", Bodies.exchange("two"))
      let second = try await api.get("/api/conversations/export-all?format=json&since=\(cursor)")
      #expect(second.integer("count") == 1)
      #expect(second["exchanges"]?.elements.map { $0.string("query") } == ["two"])
      let next = try #require(second.string("cursor"))
      let third = try await api.get("/api/conversations/export-all?format=json&since=\(next)")
      #expect(third.integer("count") == 0)
      #expect(try await api.get("/api/conversations/export-all?since=99").status == 400)
      #expect(try await api.get("/api/conversations/export-all?since=x").status == 400)
    }
  }

  @Test func `a table is quoted as RFC 4180 says, and its formulas are defused`() async throws {
    try await TestAPI.with { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("=1+1", answer: "a \"b\", c\nd"))
      let plain = try await api.get("/api/conversations/export-all?format=csv")
      #expect(plain.text.hasPrefix("id,conversation_id,"))
      #expect(plain.text.contains(",normal,'=1+1,\"a \"\"b\"\", c\nd\","))
      #expect(plain.text.hasSuffix("\r\n"))
      let marked = try await api.get("/api/conversations/export-all?format=csv&bom=1")
      #expect(Array(marked.body.prefix(3)) == [0xEF, 0xBB, 0xBF])
      #expect(Array(marked.body.dropFirst(3)) == plain.body)
    }
  }

  @Test func `one conversation comes in every form`() async throws {
    try await TestAPI.with { api in
      let heading = Bodies.exchange("# no heading", answer: "b", #""conversation_id":"a b""#)
      _ = try await api.post("/api/chat/insert", heading)
      _ = try await api.post("/api/chat/insert", Bodies.exchange("other"))
      let path = "/api/conversations/a%20b/export"
      let json = try await api.get(path)
      #expect(json["exchanges"]?.elements.map { $0.string("query") } == ["# no heading"])
      let markdown = try await api.get(path + "?format=markdown")
      #expect(markdown.text.contains("\n> # no heading\n"))
      let tuning = try await api.get(path + "?format=openai")
      let line = ##"{"messages":[{"role":"user","content":"# no heading"},{"role":"assistant","content":"b"}]}"##
      #expect(tuning.text == line + "\n")
      #expect(try await api.get("/api/conversations/none/export").status == 404)
      #expect(try await api.get(path + "?format=xml").status == 400)
    }
  }

  @Test(arguments: Transport.allCases)
  func `an encoded export is the same when decoded`(transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      for number in 0..<40 { _ = try await api.post("/api/chat/insert", Bodies.exchange("q \(number)")) }
      let path = "/api/conversations/export-all?format=ndjson"
      for coding in ["gzip", "zstd"] {
        let plain = try await api.get(path)
        let encoded = try await api.get(path, fields: ["Accept-Encoding": coding])
        #expect(encoded.fields["Content-Encoding"] == coding)
        #expect(encoded.body.count < plain.body.count)
        // The server decodes bodies of its own making.
        let lines = try await api.post(
          "/api/chat/insert/batch", bytes: encoded.body, type: "application/x-ndjson",
          fields: ["Content-Encoding": coding])
        #expect(lines.status == 200)
        #expect(lines.results.count == plain.text.split(separator: "\n").count)
      }
    }
  }

  @Test func `a key exports what it may read`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let whole = try await api.makeKey()
      let narrow = try await api.makeKey(app: "app", user: "user")
      let foreign = try await api.makeKey(account: "others")
      _ = try await api.post("/api/chat/insert", Bodies.exchange("mine"), fields: .key(whole))
      let other = #"{"app_id":"app","user_id":"eve","query":"hers","answer":"a","conversation_id":"c"}"#
      _ = try await api.post("/api/chat/insert", other, fields: .key(whole))
      for (key, count) in [(whole, 2), (narrow, 1), (foreign, 0)] {
        let answer = try await api.get("/api/conversations/export-all", fields: .key(key))
        #expect(answer.integer("count") == Int64(count))
      }
      #expect(try await api.get("/api/conversations/c/export", fields: .key(whole)).integer("count") == 1)
      #expect(try await api.get("/api/conversations/c/export", fields: .key(narrow)).status == 404)
    }
  }
}

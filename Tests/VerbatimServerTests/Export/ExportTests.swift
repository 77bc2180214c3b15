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
    Bodies.exchange("named", #""conversation_id":"named","conversation_name":"Größe ✓""#),
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
      try await Self.addThread(to: source.store)
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

  /// A client that sends all messages with each call: a question that is asked again, one that ends with an answer, and
  /// one that fails without having said anything.
  private static func addThread(to store: Store) async throws {
    let (one, answer) = (#"{"role":"user","content":"one"}"#, #"{"role":"assistant","content":"first"}"#)
    let two = [one, answer, #"{"role":"user","content":"two"}"#]
    for (messages, text) in [([one], "first"), (two, "second"), (two, "once more"), ([one, answer], "third")] {
      let found = try await Self.record(messages, to: store) { exchange in
        exchange.choices = [Message(role: "assistant", content: Bytes(utf8: text), contentKind: .text)]
      }
      #expect((found.place.knownCount == messages.count) == (text == "once more" || text == "third"))
    }
    _ = try await Self.record([], to: store) { $0.failure = NewExchange.Failure(code: "400", message: "empty") }
  }

  private static func record(
    _ messages: [String], to store: Store, _ finish: (inout NewExchange) -> Void
  ) async throws -> FoundThread {
    let body = try JSONSlice(checking: Bytes(utf8: #"{"messages":[\#(messages.joined(separator: ","))]}"#))
    let array = try #require(body["messages"]?.bytes)
    let place = array.startIndex + 1..<array.endIndex - 1
    let elements = Array(JSONSlice(trusting: array).elements)
    let request = ThreadedRequest(
      call: "chat", messages: elements.compactMap { Message(json: $0) }, elements: elements.map(\.bytes),
      inside: body.bytes[place])
    let found = try await store.thread(
      of: request, account: Account.standard, app: "app", user: "user", conversation: nil)
    var exchange = NewExchange(
      appID: "app", userID: "user", conversationID: found.conversationID, modelProvider: "openai", modelName: "m",
      messages: request.messages, choices: [])
    exchange.request = KeptRequest(body: body.bytes, messages: ("messages", place)).stored
    exchange.thread = found.place
    finish(&exchange)
    _ = try await store.append(exchange, account: Account.standard)
    return found
  }

  @Test func `each sample for fine-tuning holds a question`() async throws {
    try await TestAPI.with { api in
      try await Self.addThread(to: api.store)
      let samples = try await api.get("/api/conversations/export-all?format=openai").text.split(separator: "\n")
      #expect(samples.count == 2 && samples.allSatisfy { $0.contains(#""role":"user""#) })
    }
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
      for text in ["\n=1", "＝1", "＋1", "－1", "＠1", "+1", "@1"] {
        var row = TableRow()
        row.add(Bytes(utf8: text))
        #expect(row.bytes == Array((text.hasPrefix("\n") ? "\"'\(text)\"" : "'" + text).utf8))
      }
      for (text, field) in [("a;b", "\"a;b\""), ("a\tb", "\"a\tb\""), ("ＡＢ", "ＡＢ")] {
        var row = TableRow()
        row.add(Bytes(utf8: text))
        #expect(row.bytes == Array(field.utf8))
      }
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

  @Test func `what a message says stays in its quotation, whatever ends its lines`() async throws {
    try await TestAPI.with { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("a\r# b\r\nc\n\nd"))
      let markdown = try await api.get("/api/conversations/export-all?format=markdown")
      #expect(markdown.text.contains("\n\n> a\n> # b\n> c\n> \n> d\n"))
    }
  }

  @Test func `an export of all accounts says whose an exchange is`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let administrator = HTTPFields.key(try await api.makeAdminKey())
      for account in ["one", "two"] {
        let key = try await api.makeKey(account: account)
        _ = try await api.post("/api/chat/insert", Bodies.exchange("q"), fields: .key(key))
      }
      let path = "/api/conversations/export-all?account_id="
      let json = try await api.get(path + "*", fields: administrator)
      let accounts: [String?]? = json["exchanges"]?.elements.map { $0.string("account_id") }
      #expect(accounts == ["one", "two"])
      let markdown = try await api.get(path + "*&format=markdown", fields: administrator)
      #expect(markdown.text.contains("Account `one`, conversation `"))
      #expect(!(try await api.get(path + "one", fields: administrator)).text.contains("account_id"))
      for account in ["*", "one"] {
        let narrowed = try await api.get(path + account + "&conversation_id=c", fields: administrator)
        #expect(narrowed.status == 400)
      }
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

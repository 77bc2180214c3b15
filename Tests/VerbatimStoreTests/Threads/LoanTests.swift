import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// What requests repeat beside their messages.
@Suite struct LoanTests {
  /// About 4 KB, as an agent sends them with every turn. `city`: a word in them.
  private static func tools(_ city: String = "city") -> String {
    let one =
      #"{"type": "function", "function": {"name": "weather", "description": "\u5929 The weather of a \#(city)", "#
      + #""parameters": {"type": "object", "properties": {"day": {"type": "integer", "minimum": 1e0}}}}}"#
    return #""tools":["# + Array(repeating: one, count: 24).joined(separator: ", ") + #"],"tool_choice":"auto""#
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `tools that are sent with every turn are stored once and given back with each`(
    engine: TestEngine, isSealed: Bool
  ) async throws {
    let keys = try ContentKeys(parsing: "k:" + String(repeating: "A", count: 43) + "=")
    try await engine.withStore {
      if isSealed { $0.contentKeys = keys }
    } _: { store in
      var client = StatelessClient(store)
      client.parameters = Self.tools()
      for turn in 1...5 { try await client.say("question \(turn)", answer: "answer \(turn)") }
      client.parameters = Self.tools("village") + #","seed":7"#
      for turn in 6...8 { try await client.say("question \(turn)", answer: "answer \(turn)") }
      #expect(client.conversations.count == 1)
      try await client.expectBodies()

      let conversation = try #require(client.conversations.first)
      let page = try #require(await store.exchanges(of: conversation, account: "a", before: nil, limit: 20))
      for (exchange, sent) in zip(page.exchanges, client.sent) {
        let body = try #require(exchange.keptRequest).body
        let tools = JSONSlice(trusting: body)["tools"]?.bytes.string
        #expect(tools == JSONSlice(trusting: Bytes(utf8: sent.body))["tools"]?.bytes.string)
      }
      #expect(page.exchanges.filter { $0.lent.isEmpty }.count == 2)
      let selection = ExportSelection(.account("a"), end: try await store.feedEnd())
      let exported = try await store.exportPage(selection, from: nil).exchanges
      #expect(exported.count == page.exchanges.count)
      for (line, exchange) in zip(exported, page.exchanges) {
        #expect(line.exchange.wholeRequest == exchange.wholeRequest)
        #expect(line.exchange.wholeRequest?.string.contains(#""same""#) == false)
      }
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test func `an agent's fifty turns take little more than what was said and its tools`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store, style: .openAIPython)
      client.parameters = Self.tools() + #","temperature":0.7,"max_tokens":1000,"user":"ana","stream":true"#
      let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 20)
      var content = client.parameters.utf8.count
      for turn in 1...50 {
        let (question, answer) = ("\(turn) \(text)", "\(turn) \(text)")
        content += question.utf8.count + answer.utf8.count
        try await client.say(
          question, answer: #"{"role":"assistant","content":"\#(answer)","refusal":null,"annotations":[]}"#)
      }
      try await client.expectBodies()
      let stored = try await store.contentSize()
      #expect(Double(stored) < 1.2 * Double(content), "\(stored) for \(content)")
    }
  }

  @Test func `what was redacted is found again in the form that was kept`() async throws {
    try await TestEngine.sqlite.withStore {
      $0.redaction.standard = .hash
    } _: { store in
      var client = StatelessClient(store)
      client.parameters = Self.tools("city like alice@example.com")
      for turn in 1...3 { try await client.say("question \(turn)", answer: "answer \(turn)") }
      let conversation = try #require(client.conversations.first)
      let page = try #require(await store.exchanges(of: conversation, account: "a", before: nil, limit: 20))
      #expect(page.exchanges.map(\.lent.count) == [0, 1, 1])
      let bodies = Set(page.exchanges.map { $0.keptRequest?.body.string ?? "" })
      #expect(bodies.count == 1)
      #expect(bodies.first?.contains("alice") == false)
    }
  }

  @Test func `values of a day that was dropped are null, and the next request holds its own`() async throws {
    let clock = SettableClock(1_767_225_600_000)
    try await TestEngine.sqlite.withStore {
      $0.isDaily = true
      $0.clock = { clock.now }
    } _: { store in
      var client = StatelessClient(store)
      client.parameters = Self.tools()
      try await client.say("yesterday", answer: "1")
      clock.set(clock.now + 86_400_000)
      try await client.say("today", answer: "2")
      try await store.drop(Day(number: 20_260_101))
      try await client.say("later", answer: "3")
      let conversation = try #require(client.conversations.first)
      let page = try #require(await store.exchanges(of: conversation, account: "a", before: nil, limit: 20))
      let tools = page.exchanges.map { exchange in
        exchange.keptRequest.flatMap { JSONSlice(trusting: $0.body)["tools"]?.bytes.string }
      }
      #expect(tools.first == "null")
      #expect(tools.last == JSONSlice(trusting: Bytes(utf8: "{\(client.parameters)}"))["tools"]?.bytes.string)
      let lost = client.sent[1]
      let body = try await store.requestBody(of: lost.exchange, in: lost.conversation, within: .account("a"))
      #expect(body == nil)
    }
  }

  @Test func `nothing is lent beyond a conversation`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var owner = StatelessClient(store)
      owner.parameters = Self.tools("secret place")
      try await owner.say("hello", answer: "hi")
      let lender = try #require(owner.sent.first).exchange
      var exchange = NewExchange.sample(conversation: "mine")
      exchange.request = Bytes(utf8: #"{"tools":0,"_verbatim":{"same":{"tools":"\#(lender)"}}}"#)
      for account in ["a", "b"] {
        let receipt = try await store.append(exchange, account: account)
        let page = try #require(
          await store.exchanges(of: receipt.conversationID, account: account, before: nil, limit: 1))
        #expect(page.exchanges.first?.keptRequest?.body.string == #"{"tools":null}"#)
      }
    }
  }
}

extension LoanTests {
  @Test(arguments: [
    #"{"leading":-1}"#, #"{"leading":9223372036854775807}"#, #"{"gaps":[]}"#, #"{"gaps":[0,1,2,3,4]}"#,
    #"{"as":[[0,{"content":0,"tool_calls":0},7]]}"#, #"{"as":[[-1,{},9],[0,0,7]]}"#, "7",
  ])
  func `a damaged layout is read as far as it goes`(_ layout: String) async throws {
    try await TestEngine.sqlite.withStore { store in
      var exchange = NewExchange.sample(conversation: "c")
      exchange.request = Bytes(utf8: #"{"messages":[],"_verbatim":{"layout":\#(layout)}}"#)
      var failed = exchange
      failed.failure = NewExchange.Failure(code: "x", message: "y")
      failed.choices = []
      for exchange in [exchange, failed] {
        let receipt = try await store.append(exchange, account: "a")
        let body = try #require(await store.requestBody(of: receipt.exchangeID, in: "c", within: .account("a")))
        #expect(body.starts(with: Bytes(utf8: #"{"messages":["#)))
      }
    }
  }
}

extension Store {
  /// Bytes in the columns that hold what was said and sent.
  func contentSize() async throws -> Int64 {
    try await reading { connection in
      try connection.first(
        """
        SELECT sum(coalesce(length(content), 0) + coalesce(length(raw), 0) + coalesce(length(tool_calls), 0)
          + coalesce(length(request), 0))
        FROM conversation_histories
        """
      ) { $0.integer(0) }
    } ?? 0
  }
}

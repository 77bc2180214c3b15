import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ThreadTests {
  @Test(arguments: TestEngine.allCases)
  func `a conversation that is sent whole with every turn is stored once`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var client = StatelessClient(store)
      for turn in 1...5 { try await client.say("question \(turn)", answer: "answer \(turn)") }
      #expect(client.conversations.count == 1)
      let conversation = try #require(client.conversations.first)
      let stored = try #require(await store.conversation(conversation, account: "a"))
      #expect(stored.messageCount == 10)
      #expect(stored.dialogueCount == 5)
      let page = try #require(await store.messages(of: conversation, within: .account("a"), from: .oldest, limit: 50))
      #expect(page.messages.map { $0.message.content?.string ?? "" }.suffix(2) == ["question 5", "answer 5"])
      try await client.expectBodies()
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `edits and repeated questions branch`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var client = StatelessClient(store)
      try await client.say("one", answer: "1")
      try await client.say("two", answer: "2")
      let before = client
      try await client.say("three", answer: "3")
      var edited = before
      try await edited.say("another three", answer: "4")
      var again = before
      try await again.say("three", answer: "5")
      let conversation = try #require(client.conversations.first)
      #expect(edited.conversations == client.conversations && again.conversations == client.conversations)
      let stored = try #require(await store.conversation(conversation, account: "a"))
      // The question that was asked again has one row.
      #expect(stored.messageCount == 4 + 2 + 2 + 1)
      for branch in [client, edited, again] { try await branch.expectBodies() }
      try await again.say("four", answer: "6")
      try await again.expectBodies()
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `of a conversation that is too large no more is read`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var client = StatelessClient(store)
      for turn in 1...3 { try await client.say("question \(turn)", answer: "answer \(turn)") }
      let (first, last) = (try #require(client.sent.first), try #require(client.sent.last))
      // Whoever reads the oldest row fails.
      try await store.database.writer.run { connection in
        _ = try connection.execute(
          "UPDATE conversation_histories SET content = \("enc:v1:gone:AAAA") WHERE id = \(first.exchange)")
      }
      let rows: @Sendable (Int) async throws -> ThreadRows? = { limit in
        try await store.database.read { connection in
          try connection.threadRows(
            of: last.conversation, upTo: last.exchange, account: "a", within: .account("a"), absent: [],
            store.calendar, store.contentKeys, limit: limit)
        }
      }
      #expect(try await rows(600) == nil)
      await #expect(throws: StoreError.self) { _ = try await rows(1 << 20) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `strangers who begin alike do not meet`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var clients = [StatelessClient(store), StatelessClient(store)]
      clients += [StatelessClient(store, user: "other"), StatelessClient(store, app: "other")]
      clients.append(StatelessClient(store, account: "b"))
      for index in clients.indices { try await clients[index].say("hello", answer: "hi") }
      #expect(Set(clients.flatMap(\.conversations)).count == clients.count)
      // From the answer on, the two of one user cannot be told apart; all others stay what they are.
      for index in clients.indices.dropFirst() { try await clients[index].say("go on", answer: "yes") }
      #expect(clients.dropFirst(2).allSatisfy { $0.conversations.count == 1 })
      for client in clients.dropFirst(2) { try await client.expectBodies() }
    }
  }

  @Test func `an agent's run with tools is one conversation`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store)
      try await client.say("what is the weather?", answer: StatelessClient.call(1))
      for round in 1...8 {
        client.add(#"{"role":"tool","tool_call_id":"call_\#(round)","content":"{\"degrees\": \#(round)}"}"#)
        try await client.send(answer: StatelessClient.call(round + 1))
      }
      client.add(#"{"role":"tool","tool_call_id":"call_9","content":"done"}"#)
      try await client.send(answer: #"{"role":"assistant","content":"It is warm."}"#)
      #expect(client.conversations.count == 1)
      let stored = try #require(await store.conversation(client.conversations.first ?? "", account: "a"))
      #expect(stored.messageCount == 1 + 9 + 9 + 1)
      try await client.expectBodies()
    }
  }

  @Test(arguments: StatelessClient.Style.allCases)
  func `every request comes back as it was written`(style: StatelessClient.Style) async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store, style: style)
      let answer = #"{"role":"assistant","content":"好的 é","refusal":null,"annotations":[]}"#
      try await client.say("你好, \"you\" \\ 🌤", answer: answer)
      try await client.say("second\nline", answer: StatelessClient.call(1))
      client.add(#"{"role":"tool","tool_call_id":"call_1","content":""}"#)
      try await client.send(answer: #"{"role":"assistant","content":null,"refusal":"No."}"#)
      try await client.say("last", answer: "end")
      #expect(client.conversations.count == 1)
      try await client.expectBodies()
    }
  }

  @Test func `a long conversation stores little more than its own content`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store, style: .openAIPython)
      let text = String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 20)
      var content = 0
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

  @Test(arguments: TestEngine.allCases)
  func `what was redacted and sealed is found by what was said`(engine: TestEngine) async throws {
    let keys = try ContentKeys(parsing: "k:" + String(repeating: "A", count: 43) + "=")
    try await engine.withStore {
      $0.redaction.standard = .mask
      $0.contentKeys = keys
      $0.isDaily = true
    } _: { store in
      var client = StatelessClient(store)
      try await client.say("I am alice@example.com", answer: "Hello alice@example.com")
      try await client.say("Who am I?", answer: "alice@example.com")
      try await client.say("Thanks", answer: "Bye")
      #expect(client.conversations.count == 1)
      try await client.expectBodies { $0.replacing("alice@example.com", with: "[email]") }
      let stored = try #require(await store.conversation(client.conversations.first ?? "", account: "a"))
      #expect(stored.messageCount == 6)
    }
  }

  @Test func `two who go on at once both do`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store)
      try await client.say("one", answer: "1")
      let before = client
      let branches = try await withThrowingTaskGroup(of: StatelessClient.self) { group in
        for _ in 0..<8 {
          group.addTask {
            var branch = before
            try await branch.say("two", answer: "2")
            return branch
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(branches.flatMap(\.conversations)).count == 1)
      for branch in branches { try await branch.expectBodies() }
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test func `what came while the day of a thread's beginning was dropped is stored whole`() async throws {
    let clock = SettableClock(1_767_225_600_000)
    try await TestEngine.sqlite.withStore {
      $0.isDaily = true
      $0.clock = { clock.now }
    } _: { store in
      var client = StatelessClient(store)
      try await client.say("yesterday", answer: "1")
      clock.set(clock.now + 86_400_000)
      try await client.say("today", answer: "2")
      try await client.expectBodies()
      try await store.drop(Day(number: 20_260_101))
      try await client.say("later", answer: "3")
      #expect(client.conversations.count == 1)
      let last = try #require(client.sent.last)
      let body = try await store.requestBody(of: last.exchange, in: last.conversation, within: .account("a"))
      #expect(body?.string == last.body)
    }
  }

  @Test func `a deleted conversation is not gone on with`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store)
      try await client.say("one", answer: "1")
      let first = try #require(client.conversations.first)
      _ = try await store.delete(first, within: .account("a"))
      try await client.say("two", answer: "2")
      #expect(client.conversations.count == 2)
    }
  }

  @Test func `a failed exchange keeps its whole request`() async throws {
    try await TestEngine.sqlite.withStore { store in
      var client = StatelessClient(store, style: .pythonDefault)
      try await client.say("one", answer: "1")
      let failed = try await client.fail("two")
      let page = try #require(await store.exchanges(of: failed.conversation, account: "a", before: nil, limit: 5))
      let exchange = try #require(page.exchanges.first { $0.failure != nil })
      #expect(exchange.messages.count == 3)
      let body = try await store.requestBody(
        of: failed.exchange, in: failed.conversation, within: .account("a"))
      #expect(body?.string == failed.body)
      try await client.say("two", answer: "2")
      #expect(client.conversations.count == 1)
    }
  }
}

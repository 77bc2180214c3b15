import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct EncryptionTests {
  private static let secret = "Ringelnatter"

  /// Everything that it can be said in.
  private static func exchange(conversation: String = "c", key: String? = nil) throws -> NewExchange {
    var exchange = NewExchange.sample(
      query: "\(secret) 天气", answer: "\(secret)?", conversation: conversation, key: key)
    let parts = #"{"role":"user","content":[{"type":"text","text":"\#(secret)"}],"x":1}"#
    exchange.messages.append(try #require(Message(json: JSONSlice(checking: Bytes(utf8: parts)))))
    exchange.messages[0].name = secret
    exchange.choices[0].toolCalls = Bytes(utf8: #"[{"id":"\#(secret)"}]"#)
    exchange.inputs = Bytes(utf8: #"{"a":"\#(secret)"}"#)
    exchange.metadata = Bytes(utf8: #"{"b":"\#(secret)"}"#)
    exchange.request = Bytes(utf8: #"{"c":"\#(secret)"}"#)
    exchange.attachments = [
      Attachment(
        kind: .image, transferMethod: .remoteURL, url: "https://x.cn/\(secret)", belongsTo: .user,
        fileName: "\(secret).png", metadata: Bytes(utf8: #"{"d":"\#(secret)"}"#)),
      Attachment(kind: .audio, transferMethod: .localFile, url: "/\(secret)", belongsTo: .user),
    ]
    return exchange
  }

  private static func failure() -> NewExchange {
    var failure = NewExchange.failure(conversation: "c")
    failure.messages = [.text("user", secret)]
    failure.choices = [.text("assistant", secret)]
    failure.failure?.message = "no \(secret)"
    return failure
  }

  private static func expectAll(in store: Store, exchanges: Int = 1) async throws {
    let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 20))
    let wanted = try exchange()
    #expect(page.exchanges.count == exchanges + 1)
    for stored in page.exchanges where stored.failure == nil {
      #expect(stored.messages == wanted.messages)
      #expect(stored.choices == wanted.choices)
      #expect(stored.inputs == wanted.inputs)
      #expect(stored.metadata == wanted.metadata)
      #expect(stored.request == wanted.request)
      #expect(stored.attachments.map(\.attachment) == wanted.attachments)
    }
    let failed = page.exchanges.filter { $0.failure != nil }
    #expect(failed.map { $0.failure?.message } == ["no \(secret)"])
    #expect(failed.map(\.messages) == [failure().messages])
    #expect(failed.map(\.choices) == [failure().choices])
    let findings = try await store.findings()
    #expect(findings == [])
  }

  /// How many stored texts hold the secret in clear.
  private static func clearTexts(in store: Store) async throws -> Int {
    let columns =
      "coalesce(content, ''), coalesce(raw, ''), coalesce(tool_calls, ''), coalesce(request, ''), coalesce(inputs, ''), coalesce(other, ''), coalesce(name, '')"
    let queries: [SQL] = [
      "SELECT \(unsafeSQL: columns) FROM conversation_histories",
      "SELECT \(unsafeSQL: columns), coalesce(error_message, '') FROM error_conversation_histories",
      "SELECT url, coalesce(file_name, ''), coalesce(metadata, '') FROM message_files",
      "SELECT name, coalesce(inputs, ''), coalesce(metadata, '') FROM conversations",
    ]
    let widths = [7, 8, 3, 3]
    return try await store.database.read { connection in
      var count = 0
      for (query, width) in zip(queries, widths) {
        for texts in try connection.query(query, { row in (0..<width).map { row.text($0) } }) {
          count += texts.filter { $0.contains(Self.secret) }.count
        }
      }
      return count
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what was said is stored sealed and read as it was`(engine: TestEngine) async throws {
    try await engine.withStore {
      $0.contentKeys = TestKeys.one
    } _: { store in
      let first = try await store.append(Self.exchange(key: "k"), account: "a")
      let again = try await store.append(Self.exchange(key: "k"), account: "a")
      #expect(again.isDuplicate)
      #expect(again.exchangeID == first.exchangeID)
      _ = try await store.append(Self.failure(), account: "a")
      try await Self.expectAll(in: store)
      #expect(try await Self.clearTexts(in: store) == 0)
      #expect(try await store.conversation("c", account: "a")?.name == "\(Self.secret) 天气")
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `plain rows and those of several keys are read together, and brought under one key`(engine: TestEngine)
    async throws
  {
    try await engine.withFixture { fixture in
      for (keys, key) in [(ContentKeys.none, "1"), (TestKeys.one, "2"), (TestKeys.twoThenOne, "3")] {
        try await fixture.withStore {
          $0.contentKeys = keys
        } _: { store in
          _ = try await store.append(Self.exchange(key: key), account: "a")
          if key == "2" { _ = try await store.append(Self.failure(), account: "a") }
        }
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.twoThenOne
      } _: { store in
        try await Self.expectAll(in: store, exchanges: 3)
        let changed = try await store.reencrypt { _, _ in }
        #expect(changed > 0)
        let changedAgain = try await store.reencrypt { _, _ in }
        #expect(changedAgain == 0)
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.two
      } _: { store in
        try await Self.expectAll(in: store, exchanges: 3)
        #expect(try await Self.clearTexts(in: store) == 0)
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.noneThenBoth
      } _: { store in
        let changed = try await store.reencrypt { _, _ in }
        #expect(changed > 0)
      }
      try await fixture.withStore { store in try await Self.expectAll(in: store, exchanges: 3) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `days of their own are brought under one key, too`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore {
        $0.isDaily = true
      } _: { store in
        _ = try await store.append(Self.exchange(), account: "a")
        _ = try await store.append(Self.failure(), account: "a")
      }
      try await fixture.withStore {
        $0.isDaily = true
        $0.contentKeys = TestKeys.one
      } _: { store in
        let changed = try await store.reencrypt { _, _ in }
        #expect(changed == 20)
        try await Self.expectAll(in: store)
      }
      try await fixture.withStore {
        $0.isDaily = true
      } _: { store in
        _ = await #expect(throws: StoreError.self) {
          try await store.exchanges(of: "c", account: "a", before: nil, limit: 20)
        }
      }
    }
  }

  @Test func `no file holds what was said`() async throws {
    let folder = try TemporaryFolder()
    var configuration = Store.Configuration(path: folder.path("history.db"))
    configuration.contentKeys = TestKeys.one
    let store = try await Store.open(configuration)
    _ = try await store.append(Self.exchange(), account: "a")
    _ = try await store.append(Self.failure(), account: "a")
    for path in [folder.path("history.db"), folder.path("history.db-wal")] {
      let file = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(file.range(of: Data(Self.secret.utf8)) == nil, "in \(path)")
    }
    await store.close()
  }

  @Test func `the journal keeps what is sealed sealed, and gives it back`() throws {
    let ids = UUIDv7.Generator(clock: { 1_748_779_200_000 })
    let calendar = try #require(PartitionCalendar(timeZoneName: "UTC"))
    for exchange in [try Self.exchange(), Self.failure()] {
      let before = PendingExchange(
        exchange, accountID: "a", ids: ids, calendar: calendar, currency: "USD", now: 0, keys: TestKeys.one)
      let entry = before.journalEntry()
      #expect(Data(entry).range(of: Data(Self.secret.utf8)) == nil)
      let after = try PendingExchange(journalEntry: entry[...], calendar: calendar, keys: TestKeys.twoThenOne)
      #expect(after.isSealed)
      #expect(after.conversationName == before.conversationName)
      #expect(after.failedRequest == before.failedRequest)
      #expect(after.stored.messages == before.stored.messages)
      #expect(after.stored.attachments == before.stored.attachments)
      #expect(after.stored.failure == before.stored.failure)
    }
  }

  @Test func `work that was cut off goes on where it stopped, under the same key alone`() {
    let row = UUIDv7(high: 0x0197_0000_0000_7000, low: 0x8000_0000_0000_0001)
    let position = ReencryptionPosition(table: "message_files", row: row)
    #expect(ReencryptionPosition(stored: position.stored(key: "one"), key: "one") == position)
    #expect(ReencryptionPosition(stored: position.stored(key: "one"), key: "two").row == nil)
    #expect(ReencryptionPosition(stored: position.stored(key: nil), key: nil) == position)
    #expect(ReencryptionPosition(stored: "", key: nil).table == "")
  }
}

import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ConversationItemTests {
  private let mine = Reach.account("a")

  private func new(_ metadata: String? = nil) -> NewConversation {
    var new = NewConversation(appID: "app", userID: "user")
    new.metadata = metadata.map { Bytes(utf8: $0) }
    return new
  }

  private func unanswered(_ texts: [String], in conversation: String) -> NewExchange {
    NewExchange(
      appID: "app", userID: "user", conversationID: conversation, modelProvider: "custom", modelName: "custom-model",
      messages: texts.map { .text("user", $0) }, choices: [])
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a conversation begins empty, and is filled and counted like any other`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    let clock = SettableClock(midJanuary)
    try await engine.withStore({
      $0.isDaily = isDaily
      $0.clock = { clock.now }
    }) { store in
      let made = try await store.begin(new(#"{"topic":"weather"}"#), account: "a")
      #expect(made.id.hasPrefix("conv_") && made.id.utf8.count == 37)
      let found = try #require(await store.conversation(made.id, within: mine))
      #expect(found.metadata?.string == #"{"topic":"weather"}"# && found.dialogueCount == 0)
      #expect(found.createdAt == midJanuary && found.name.hasPrefix("Conversation 20"))
      #expect(try await store.conversation(made.id, within: .account("b")) == nil)
      let empty = try #require(await store.itemRows(of: made.id, within: mine, from: .oldest, limit: 9))
      #expect(empty.rows.isEmpty && !empty.hasMore)
      clock.set(midJanuary + 60_000)
      let receipt = try await store.append(unanswered(["1", "2", "3"], in: made.id), account: "a")
      let filled = try #require(await store.conversation(made.id, within: mine))
      #expect(filled.dialogueCount == 1 && filled.messageCount == 3 && filled.createdAt == midJanuary)
      #expect(filled.metadata?.string == #"{"topic":"weather"}"#)
      let rows = try #require(await store.itemRows(of: made.id, within: mine, from: .newest, limit: 2))
      #expect(rows.rows.map { $0.message.content?.string } == ["3", "2"] && rows.hasMore)
      #expect(rows.rows.first?.id == receipt.exchangeID)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a removed item is told by its message, until that is purged`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      let made = try await store.begin(new(), account: "a")
      let receipt = try await store.append(unanswered(["1", "2", "3"], in: made.id), account: "a")
      let second = receipt.exchangeID.subtracting(1)
      #expect(try await store.removeItem(at: 0, of: second, in: made.id, within: .account("b")) == nil)
      for place in [0, 0, 2] {
        let changed = try await store.removeItem(at: place, of: second, in: made.id, within: mine)
        #expect(changed?.id == made.id)
      }
      let rows = try #require(await store.itemRows(of: made.id, within: mine, from: .oldest, limit: 9)).rows
      #expect(rows.map(\.removed) == [[], [0, 2], []])
      #expect(try await store.messages(of: made.id, within: mine, limit: 9)?.messages.count == 3)
      #expect(try await store.purge(made.id, within: mine)?.messages == 3)
      #expect(try await store.total("SELECT count(*) FROM verbatim_removed_items") == 0)
      #expect(try await store.total("SELECT count(*) FROM conversations") == 0)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an empty conversation is renamed, deleted, brought back and purged`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let made = try await store.begin(new(), account: "a")
      var change = ConversationChange()
      change.metadata = .replace(Bytes(utf8: #"{"a":"b"}"#))
      #expect(try await store.change(made.id, change, within: mine)?.metadata?.string == #"{"a":"b"}"#)
      #expect(try await store.delete(made.id, within: mine))
      #expect(try await store.itemRows(of: made.id, within: mine, from: .oldest, limit: 9) == nil)
      #expect(try await store.restore(made.id, within: mine)?.status == .active)
      #expect(try await store.purge(made.id, within: mine) == PurgeCount())
      #expect(try await store.conversation(made.id, within: mine) == nil)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test func `name and metadata of a new conversation are sealed and redacted`() async throws {
    let keys = try ContentKeys(parsing: "k:" + String(repeating: "A", count: 43) + "=")
    var policy = RedactionPolicy()
    policy.standard = .mask
    try await TestEngine.sqlite.withStore({
      $0.contentKeys = keys
      $0.redaction = policy
    }) { store in
      var new = new(#"{"mail":"ana@example.com"}"#)
      new.messages = [.text("user", "Write to ana@example.com")]
      let made = try await store.begin(new, account: "a")
      let stored: [[String]] = try await store.database.read { connection in
        try connection.query("SELECT name, metadata FROM conversations") { [$0.text(0), $0.text(1)] }
      }
      #expect(stored.count == 1 && stored.joined().allSatisfy { $0.hasPrefix("enc:v1:") })
      let found = try #require(await store.conversation(made.id, within: mine))
      #expect(!found.name.contains("ana@") && found.metadata?.string.contains("ana@") == false)
    }
  }
}

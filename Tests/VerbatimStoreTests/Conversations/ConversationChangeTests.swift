import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ConversationChangeTests {
  private let mine = Reach.account("a")

  @Test(arguments: TestEngine.allCases)
  func `a change sets what it names and leaves the rest`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.add("c", at: midJanuary)
      var change = ConversationChange()
      change.name = "Größen 👕"
      change.tags = ["shirts"]
      change.metadata = .replace(Bytes(utf8: #"{"b":1.0,"a":"\u0000"}"#))
      let first = try #require(await store.change("c", change, within: mine))
      #expect(first.name == "Größen 👕" && first.status == .active && first.tags == ["shirts"])
      change = ConversationChange()
      change.isArchived = true
      let second = try #require(await store.change("c", change, within: mine))
      #expect(second.status == .archived && second.name == first.name && second.tags == first.tags)
      #expect(second.metadata?.string == #"{"b":1.0,"a":"\u0000"}"#)
      #expect(second.updatedAt > first.updatedAt)
      change.metadata = .remove
      change.tags = []
      let third = try #require(await store.change("c", change, within: mine))
      #expect(third.metadata == nil && third.tags == [])
      #expect(try await store.conversation("c", within: mine)?.updatedAt == third.updatedAt)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what a deleted conversation holds is nowhere, until it is restored`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange: NewExchange = .sample(conversation: "c")
      exchange.attachments = [
        Attachment(kind: .image, transferMethod: .remoteURL, url: "https://example.com/a", belongsTo: .user)
      ]
      _ = try await store.append(exchange, account: "a")
      _ = try await store.append(.failure(conversation: "c"), account: "a")
      #expect(try await store.delete("c", within: mine))
      #expect(try await store.delete("c", within: mine) == false)
      #expect(try await store.conversation("c", within: mine) == nil)
      #expect(try await store.exchanges(of: "c", within: mine, limit: 1).isPage == false)
      #expect(try await store.messages(of: "c", within: mine, limit: 1) == nil)
      #expect(try await store.files(of: "c", within: mine, limit: 1) == nil)
      #expect(try await store.settings(of: "c", within: mine) == nil)
      #expect(try await store.change("c", ConversationChange(), within: mine) == nil)
      #expect(try await store.failures(matching: FailureQuery(mine))?.failures.isEmpty == true)
      #expect(try await store.statistics(within: mine).conversations == 0)
      var query = ConversationQuery(mine)
      #expect(try await store.conversations(matching: query).conversations.isEmpty)
      query.statuses = [.deleted]
      let deleted = try await store.conversations(matching: query).conversations
      #expect(deleted.map(\.id) == ["c"] && deleted.first?.deletedAt != nil)
      let restored = try #require(await store.restore("c", within: mine))
      #expect(restored.status == .active)
      #expect(try await store.restore("c", within: mine)?.updatedAt == restored.updatedAt)
      #expect(try await store.restore("none", within: mine) == nil)
      #expect(try await store.messages(of: "c", within: mine, limit: 9)?.messages.count == 2)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a new exchange brings a deleted or an archived conversation back`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for id in ["deleted", "archived"] { try await store.add(id, at: midJanuary) }
      #expect(try await store.delete("deleted", within: mine))
      var change = ConversationChange()
      change.isArchived = true
      _ = try await store.change("archived", change, within: mine)
      for id in ["deleted", "archived"] {
        try await store.add(id, at: midJanuary + 1)
        let conversation = try #require(await store.conversation(id, within: mine))
        #expect(conversation.status == .active && conversation.dialogueCount == 2)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `nothing outside the reach is touched`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.add("c", at: midJanuary, app: "app", user: "user")
      let strangers = [
        Reach.account("b"), Reach(account: "a", app: "other"), Reach(account: "a", app: "app", user: "other"),
        Reach(account: nil), Reach(account: "a", app: "APP"), Reach(account: "a", user: "user "),
      ]
      for reach in strangers {
        var change = ConversationChange()
        change.name = "stolen"
        change.tags = ["stolen"]
        #expect(try await store.change("c", change, within: reach) == nil)
        #expect(try await store.delete("c", within: reach) == false)
        #expect(try await store.purge("c", within: reach) == nil)
        #expect(try await store.setSettings(ConversationSettings(), of: "c", within: reach) == nil)
        #expect(try await store.messages(of: "c", within: reach, limit: 1) == nil)
        #expect(try await store.files(of: "c", within: reach, limit: 1) == nil)
        var failures = FailureQuery(reach)
        failures.conversation = "c"
        #expect(try await store.failures(matching: failures) == nil)
      }
      let conversation = try #require(await store.conversation("c", within: mine))
      #expect(conversation.name == "size" && conversation.tags == [])
      #expect(try await store.delete("c", within: mine))
      for reach in strangers { #expect(try await store.restore("c", within: reach) == nil) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `changes and settings are redacted as exchanges are`(engine: TestEngine) async throws {
    try await engine.withStore {
      $0.redaction.standard = .mask
    } _: { store in
      try await store.add("c", at: midJanuary)
      var change = ConversationChange()
      change.name = "mail alice@example.com"
      change.tags = ["alice@example.com"]
      change.metadata = .replace(Bytes(utf8: #"{"m":"alice@example.com"}"#))
      let changed = try #require(await store.change("c", change, within: mine))
      #expect(changed.name == "mail [email]" && changed.tags == ["[email]"])
      #expect(changed.metadata?.string == #"{"m":"[email]"}"#)
      var settings = ConversationSettings()
      settings.systemMessage = "Answer alice@example.com"
      let set = try await store.setSettings(settings, of: "c", within: mine)
      #expect(set?.systemMessage == "Answer [email]")
    }
  }

  @Test func `what was known before a take-over stays first in the metadata`() {
    let old = Bytes(utf8: #"{"legacy":{"id":7},"note":1}"#)
    let replaced = ConversationChange.Metadata.replace(Bytes(utf8: #"{"x": 2}"#)).applied(to: old)
    #expect(replaced?.string == #"{"legacy":{"id":7},"x":2}"#)
    #expect(ConversationChange.Metadata.remove.applied(to: old)?.string == #"{"legacy":{"id":7}}"#)
    let own = ConversationChange.Metadata.replace(Bytes(utf8: #"{"legacy":1}"#)).applied(to: old)
    #expect(own?.string == #"{"legacy":1}"#)
  }

  @Test(arguments: TestEngine.allCases)
  func `settings are kept as they were set`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.add("c", at: midJanuary)
      #expect(try await store.settings(of: "c", within: mine) == ConversationSettings())
      var settings = ConversationSettings()
      settings.temperature = 0.1
      settings.maxTokens = 4096
      settings.topP = 1
      settings.frequencyPenalty = -2
      settings.stopSequences = Bytes(utf8: #"["\n\n","结束"]"#)
      settings.systemMessage = "Be brief. 请简短"
      var stored = try #require(await store.setSettings(settings, of: "c", within: mine))
      #expect(stored.updatedAt != nil)
      stored.updatedAt = nil
      #expect(stored == settings)
      let emptied = try #require(await store.setSettings(ConversationSettings(), of: "c", within: mine))
      #expect(emptied.temperature == nil && emptied.systemMessage == nil)
    }
  }
}

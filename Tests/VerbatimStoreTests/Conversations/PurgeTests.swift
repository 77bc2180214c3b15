import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct PurgeTests {
  private let mine = Reach.account("a")

  @Test(arguments: TestEngine.allCases, [false, true])
  func `nothing is left of a purged conversation, and nothing else is missing`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(3)
      try await store.add("other", at: midJanuary)
      var change = ConversationChange()
      change.tags = ["t"]
      _ = try await store.change("c", change, within: mine)
      _ = try await store.setSettings(ConversationSettings(), of: "c", within: mine)
      let usage = try await store.total("SELECT sum(exchanges) FROM verbatim_usage_by_day")
      let count = try #require(await store.purge("c", within: mine))
      #expect(count.exchanges == 6 && count.messages == 12 && count.failures == 3)
      for table in [
        "message_files", "verbatim_response_ids", "conversation_settings", "verbatim_conversation_tags",
        "verbatim_purges", "verbatim_message_keys",
      ] {
        let rows = try await store.total("SELECT count(*) FROM \(table)")
        #expect(rows == 0, "\(table)")
      }
      #expect(try await store.total("SELECT count(*) FROM verbatim_conversation_days") == 1)
      #expect(try await store.total("SELECT sum(exchanges) FROM verbatim_partitions") == 1)
      #expect(try await store.total("SELECT sum(exchanges) FROM verbatim_usage_by_day") == usage)
      #expect(try await store.purge("c", within: mine) == nil)
      #expect(try await store.messages(of: "other", within: mine, limit: 9)?.messages.count == 2)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a deleted conversation is purged too, and its id begins anew`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let exchange: NewExchange = .sample(conversation: "c", key: "k")
      let first = try await store.append(exchange, account: "a").exchangeID
      #expect(try await store.delete("c", within: mine))
      #expect(try await store.purge("c", within: mine)?.exchanges == 1)
      #expect(try await store.restore("c", within: mine) == nil)
      let second = try await store.append(exchange, account: "a")
      #expect(second.isDuplicate == false && second.exchangeID != first)
      #expect(try await store.conversation("c", within: mine)?.dialogueCount == 1)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a purge that was cut off is finished by maintenance`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary + 9 * dayLength)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      try await store.fillDays(2)
      let calendar: PartitionCalendar = store.calendar
      let (reach, now) = (mine, clock.now)
      try await store.database.writer.run { connection in
        let entered = try connection.transaction {
          try connection.enterPurge(of: "c", within: reach, now: now, recordedUntil: now)
        }
        let conversation = try #require(entered)
        let day = try #require(try connection.activeDays(of: conversation).first)
        let purge = Purge(conversation: conversation, recordedUntil: now)
        _ = try connection.transaction { try connection.purgeSome(purge, of: day, calendar) }
      }
      let halfway = try await store.findings()
      #expect(halfway == [])
      #expect(try await store.restore("c", within: mine) == nil)
      clock.set(now + 120_000)
      await store.maintainOnce()
      #expect(try await store.total("SELECT count(*) FROM conversations") == 0)
      #expect(try await store.total("SELECT count(*) FROM conversation_histories") == 0)
      #expect(try await store.total("SELECT count(*) FROM verbatim_purges") == 0)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is recorded after a purge was asked for stays`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary + 9 * dayLength)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      try await store.fillDays(1)
      let (reach, now) = (mine, clock.now)
      try await store.database.writer.run { connection in
        _ = try connection.transaction {
          try connection.enterPurge(of: "c", within: reach, now: now, recordedUntil: now)
        }
      }
      clock.set(now + 120_000)
      let exchange: NewExchange = .sample(query: "later", conversation: "c", key: "late")
      let late = try await store.append(exchange, account: "a").exchangeID
      await store.maintainOnce()
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 9))
      #expect(page.exchanges.map(\.id) == [late])
      let conversation = try #require(await store.conversation("c", within: mine))
      #expect(conversation.dialogueCount == 1 && conversation.messageCount == 2 && conversation.errorCount == 0)
      #expect(conversation.name.hasPrefix("Conversation "))
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `keys of imports and of repeats lead nowhere after the next sweep`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary + 9 * dayLength)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      var exchange: NewExchange = .sample(key: "k")
      exchange.idempotencyKey = "line-1"
      let receipt = try await store.append(exchange, account: "a")
      // A repeat claims the conversation that it was given before it is known to be one.
      let repeated = try await store.append(.sample(key: "k"), account: "a")
      #expect(repeated.isDuplicate)
      _ = try await store.purge(receipt.conversationID, within: mine)
      let unswept = try await store.findings()
      #expect(unswept == [])
      try await store.sweepPurges()
      #expect(try await store.total("SELECT count(*) FROM verbatim_message_keys") == 0)
      #expect(try await store.append(exchange, account: "a").isDuplicate == false)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `exchanges are recorded while their conversation is purged again and again`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 {
          group.addTask {
            for turn in 0..<30 {
              _ = try await store.append(.sample(conversation: "c", key: "\(writer)-\(turn)"), account: "a")
            }
          }
        }
        group.addTask {
          for _ in 0..<10 { _ = try await store.purge("c", within: .account("a")) }
        }
        try await group.waitForAll()
      }
      let findings = try await store.findings()
      #expect(findings == [])
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      _ = try await store.purge("c", within: mine)
      #expect(try await store.total("SELECT count(*) FROM conversation_histories") == 0)
    }
  }
}

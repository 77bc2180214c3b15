import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Days that are dropped by command or by age, in both modes.
@Suite struct DroppingTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `a dropped day takes its own along and leaves statistics`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(3)
      let usage = try await store.total("SELECT sum(exchanges) FROM verbatim_usage_by_day")
      try await store.drop(Day(number: 20_250_115))
      let unswept = try await store.findings()
      #expect(unswept == [])
      let swept = try await store.sweepLeftovers()
      #expect(swept == 1)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.count == 6)
      #expect(try await store.total("SELECT count(*) FROM verbatim_message_keys") == 4)
      #expect(try await store.total("SELECT count(*) FROM verbatim_response_ids") == 4)
      #expect(try await store.total("SELECT count(*) FROM message_files") == 4)
      #expect(try await store.total("SELECT count(*) FROM verbatim_conversation_days") == 2)
      #expect(try await store.total("SELECT count(*) FROM conversations WHERE inputs IS NOT NULL") == 0)
      #expect(try await store.total("SELECT sum(exchanges) FROM verbatim_usage_by_day") == usage)
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == 6)
      let states = try await store.partitions().filter { $0.holdsRows || $0.droppedAt != nil }.map(\.state)
      #expect(states == ["dropped", "open", "open"])
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a repeat of a dropped day's exchange is a new one`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      try await store.fillDays(1)
      try await store.drop(Day(number: 20_250_115))
      try await store.sweepLeftovers()
      var late = NewExchange.sample(conversation: "c", key: "k-0-0")
      late.createdAt = midJanuary + 7
      #expect(try await store.append(late, account: "a").isDuplicate == false)
      #expect(try await store.append(late, account: "a").isDuplicate)
      // The day was written again before a second sweep, which leaves the new key alone.
      try await store.database.writer.run { try $0.executeScript("UPDATE verbatim_day_tables SET leftovers = 1") }
      try await store.sweepLeftovers()
      #expect(try await store.append(late, account: "a").isDuplicate)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `days past their retention go, and bodies past theirs are emptied`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    let clock = SettableClock(midJanuary + 5 * dayLength)
    try await engine.withStore({
      $0.isDaily = isDaily
      $0.clock = { clock.now }
      $0.retention = Retention(days: 4, bodyDays: 3)
    }) { store in
      try await store.fillDays(4)
      var other = NewExchange.sample(conversation: "late")
      other.createdAt = midJanuary + 3 * dayLength
      other.inputs = Bytes(utf8: "{}")
      _ = try await store.append(other, account: "a")
      #expect(try await store.total("SELECT count(*) FROM conversations WHERE inputs IS NOT NULL") == 2)
      await store.maintainOnce()
      // Those of the conversation that began on a day that was emptied or dropped.
      #expect(try await store.total("SELECT count(*) FROM conversations WHERE inputs IS NOT NULL") == 1)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.map(\.createdAt).allSatisfy { $0 >= midJanuary + dayLength })
      let said = page.exchanges.map { $0.choices.first?.content?.string }
      #expect(said == [nil, nil, nil, "晴，20 度。", "晴，20 度。", nil, "晴，20 度。", "晴，20 度。", nil])
      #expect(page.exchanges.first?.totalTokens == 5)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `what is written late to a day that was emptied is emptied, too`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    let clock = SettableClock(midJanuary + 2 * dayLength)
    try await engine.withStore({
      $0.isDaily = isDaily
      $0.clock = { clock.now }
      $0.retention = Retention(bodyDays: 1)
    }) { store in
      try await store.fillDays(1)
      await store.maintainOnce()
      #expect(try await store.partitions().first?.state == "emptied")
      var late = NewExchange.sample(conversation: "c")
      late.createdAt = midJanuary + 5_000
      _ = try await store.append(late, account: "a")
      #expect(try await store.partitions().first?.state == "open")
      await store.maintainOnce()
      #expect(try await store.partitions().first?.state == "emptied")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.count == 4)
      #expect(page.exchanges.allSatisfy { $0.choices.first?.content == nil })
    }
  }

  @Test(arguments: TestEngine.servers)
  func `two that drop the same day at once count its rows once`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { first in
        try await fixture.withStore { second in
          let exchanges: [NewExchange] = (0..<4_000).map { number in
            var exchange = NewExchange.sample(query: "q", answer: "a", conversation: "c-\(number % 50)")
            exchange.createdAt = midJanuary + Int64(number)
            return exchange
          }
          for outcome in await first.append(exchanges, account: "a") { _ = try outcome.get() }
          let day = Day(number: 20_250_115)
          async let one: Void = first.drop(day)
          async let other: Void = second.drop(day)
          _ = try await (one, other)
          let partition = try #require(await first.partitions().first)
          #expect(partition.messages == 0 && partition.exchanges == 0)
          #expect(partition.state == "dropped")
          let findings = try await first.findings()
          #expect(findings == [])
        }
      }
    }
  }

  @Test(arguments: TestEngine.servers)
  func `one replica at a time looks after retention`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary)
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.clock = { clock.now } }) { first in
        try await fixture.withStore({ $0.clock = { clock.now } }) { second in
          var turns: [Bool] = []
          for store in [first, second, first] { turns.append(try await store.applyRetention()) }
          clock.set(midJanuary + 600_000)
          for store in [second, first] { turns.append(try await store.applyRetention()) }
          #expect(turns == [true, false, true, true, false])
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a view shows the last days and does not stop a drop`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary + 2 * dayLength)
    try await engine.withStore({
      $0.isDaily = true; $0.clock = { clock.now }
    }) { store in
      try await store.fillDays(3)
      let view = try await store.makeRecentView(days: 2)
      // The single table, the two days with rows, and tomorrow's.
      #expect(view.tables == 4)
      #expect(try await store.rowCount(view.name) == 8)
      try await store.drop(Day(number: 20_250_116))
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.count == 6)
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `what was archived and dropped comes back the same, counted once`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(3)
      let before = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      let conversation = try await store.conversation("c", account: "a")
      let layout = try await store.archiveLayout()
      let day = Day(number: 20_250_115)
      var lines: [[UInt8]] = []
      let contents = try await store.forEachExchange(of: day, layout) { lines += $0.map(layout.line) }
      #expect(contents.rows == 5 + 2)
      try await store.drop(day)
      try await store.sweepLeftovers()
      let archived = try lines.map { try layout.exchange(JSONSlice(checking: $0[...])) }
      for _ in 0..<2 { _ = try await store.restore(archived, layout, areCounted: true) }
      let after = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(after.exchanges.map(\.id) == before.exchanges.map(\.id))
      #expect(after.exchanges.map { $0.choices.map(\.content) } == before.exchanges.map { $0.choices.map(\.content) })
      #expect(after.exchanges.map(\.attachments.count) == before.exchanges.map(\.attachments.count))
      let again = try await store.forEachExchange(of: day, layout) { _ in }
      #expect(again == contents)
      let counted = try await store.conversation("c", account: "a")
      #expect(counted?.dialogueCount == conversation?.dialogueCount)
      #expect(counted?.messageCount == conversation?.messageCount)
      #expect(try await store.append(.sample(conversation: "c", key: "k-0-0"), account: "a").isDuplicate)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an archive of another history is counted`(engine: TestEngine) async throws {
    let (layout, archived) = try await TestEngine.sqlite.withStore { store in
      try await store.fillDays(2)
      let layout = try await store.archiveLayout()
      var archived: [ArchivedExchange] = []
      for day in [20_250_115, 20_250_116] {
        _ = try await store.forEachExchange(of: Day(number: Int32(day)), layout) { archived += $0 }
      }
      return (layout, archived)
    }
    try await engine.withStore({ $0.isDaily = true }) { store in
      #expect(try await store.restore(archived, layout, areCounted: false) == 6)
      #expect(try await store.restore(archived, layout, areCounted: false) == 0)
      let conversation = try #require(await store.conversation("c", account: "a"))
      #expect(conversation.dialogueCount == 4)
      #expect(conversation.errorCount == 2)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }
}

extension Store {
  /// From 2025-01-15 on, each day two exchanges with keys, files and ids of responses, and a failure.
  func fillDays(_ count: Int) async throws {
    for day in 0..<count {
      for turn in 0..<3 {
        var exchange: NewExchange =
          turn == 2 ? .failure(conversation: "c") : .sample(conversation: "c", key: "k-\(day)-\(turn)")
        exchange.createdAt = midJanuary + Int64(day) * dayLength + Int64(turn) * 1000
        if turn < 2 {
          exchange.responseID = "chatcmpl-\(day)-\(turn)"
          exchange.attachments = [Attachment(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user)]
          exchange.inputs = Bytes(utf8: #"{"a":"\ud800"}"#)
          exchange.totalTokens = 5
          exchange.latency = .milliseconds(120)
        }
        _ = try await append(exchange, account: "a")
      }
    }
  }

  /// The one number that a query gives.
  func total(_ query: String) async throws -> Int64? {
    try await database.read { connection in try connection.first("\(unsafeSQL: query)") { $0.integer(0) } }
  }
}

import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ExpiryTests {
  private static let start: Int64 = 1_750_000_000_000
  private static let hour: Int64 = 3_600_000

  private func session(_ id: String, source: String = IdleRule.sessionSource) -> NewExchange {
    var exchange: NewExchange = .sample(conversation: id)
    exchange.source = source
    return exchange
  }

  private func rule(_ now: Int64, history: Int64? = nil) -> IdleRule {
    IdleRule(sessions: now - 24 * Self.hour, history: history)
  }

  private func allIdle(_ store: Store, _ rule: IdleRule, pageSize: Int = 2000) async throws -> [IdleConversation] {
    var found: [IdleConversation] = []
    var cursor: IdlePage.Cursor?
    repeat {
      let page: IdlePage = try await store.idleConversations(rule, behind: cursor, pageSize: pageSize)
      found += page.idle
      cursor = page.next
    } while cursor != nil
    return found
  }

  @Test(arguments: TestEngine.allCases)
  func `sessions that lay idle are archived, recorded history is not`(engine: TestEngine) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      for id in ["old", "older"] { _ = try await store.append(session(id), account: "a") }
      _ = try await store.append(session("recorded", source: "api"), account: "a")
      clock.set(Self.start + 20 * Self.hour)
      _ = try await store.append(session("new"), account: "a")
      let now: Int64 = Self.start + 25 * Self.hour
      clock.set(now)
      let idle: [IdleConversation] = try await allIdle(store, rule(now))
      #expect(idle.map(\.id) == ["old", "older"])
      #expect(try await store.archive(idle) == 2)
      for (id, status) in [("old", "archived"), ("older", "archived"), ("recorded", "active"), ("new", "active")] {
        #expect(try await store.conversation(id, account: "a")?.status.rawValue == status)
      }
      #expect(try await allIdle(store, rule(now)).isEmpty)
      #expect(try await allIdle(store, IdleRule(sessions: nil, history: now)).map(\.id) == ["recorded"])
      #expect(try await store.findings().isEmpty)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an exchange that came meanwhile keeps its session`(engine: TestEngine) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      _ = try await store.append(session("c"), account: "a")
      let now: Int64 = Self.start + 25 * Self.hour
      clock.set(now)
      let idle: [IdleConversation] = try await allIdle(store, rule(now))
      _ = try await store.append(session("c"), account: "a")
      #expect(try await store.archive(idle) == 0)
      #expect(try await store.conversation("c", account: "a")?.status == .active)
    }
  }

  @Test(arguments: TestEngine.allCases, [1, 3, 7])
  func `pages of any size find each idle session once`(engine: TestEngine, pageSize: Int) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      for account in ["a", "b"] {
        for id in 0..<5 { _ = try await store.append(session("c\(id)"), account: account) }
      }
      let now: Int64 = Self.start + 25 * Self.hour
      let idle: [IdleConversation] = try await allIdle(store, rule(now), pageSize: pageSize)
      #expect(idle.map { $0.account + $0.id } == ["a", "b"].flatMap { a in (0..<5).map { "\(a)c\($0)" } })
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `idle sessions are purged whole, and not one that woke up`(engine: TestEngine, isDaily: Bool) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({
      $0.clock = { clock.now }
      $0.isDaily = isDaily
    }) { store in
      for id in ["c", "c", "awake"] { _ = try await store.append(session(id), account: "a") }
      let now: Int64 = Self.start + 25 * Self.hour
      clock.set(now)
      let idle: [IdleConversation] = try await allIdle(store, rule(now))
      _ = try await store.append(session("awake"), account: "a")
      var purged: [PurgeCount?] = []
      for conversation in idle { purged.append(try await store.purge(conversation)) }
      #expect(purged.map { $0?.exchanges } == [nil, 2])
      #expect(try await store.conversation("c", account: "a")?.id == nil)
      #expect(try await store.conversation("awake", account: "a")?.dialogueCount == 2)
      #expect(try await store.findings().isEmpty)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what was recorded lately is no idle session, however old it says it is`(engine: TestEngine) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      _ = try await store.append(session("c"), account: "a")
      let now: Int64 = Self.start + 25 * Self.hour
      clock.set(now)
      try await store.database.writer.run { connection in
        _ = try connection.execute("UPDATE conversation_histories SET recorded_at = \(now)")
      }
      let idle: IdleConversation = try #require(try await allIdle(store, rule(now)).first)
      #expect(try await store.purge(idle) == nil)
      #expect(try await store.conversation("c", account: "a")?.status == .active)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an exchange that comes while its session is purged is never lost`(engine: TestEngine) async throws {
    let clock = SettableClock(Self.start)
    try await engine.withStore({ $0.clock = { clock.now } }) { store in
      let ids: [String] = (0..<40).map { "c\($0)" }
      for id in ids { _ = try await store.append(session(id), account: "a") }
      let now: Int64 = Self.start + 25 * Self.hour
      clock.set(now)
      let idle: [IdleConversation] = try await allIdle(store, rule(now))
      let session: @Sendable (String, String) -> NewExchange = session
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { for conversation in idle { _ = try await store.purge(conversation) } }
        group.addTask { for id in ids { _ = try await store.append(session(id, "chat"), account: "a") } }
        try await group.waitForAll()
      }
      for id in ids {
        let page: ExchangePage = try #require(await store.exchanges(of: id, account: "a", before: nil, limit: 9))
        #expect(page.exchanges.last?.createdAt == now)
        #expect(try await store.conversation(id, account: "a")?.status == .active)
      }
      #expect(try await store.findings().isEmpty)
    }
  }
}

import Databases
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// A day is dropped only as it was when it was looked through.
@Suite struct CheckedDropTests {
  private static let day = Day(number: 20_250_115)

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a day as it was looked through is dropped`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withFixture { fixture in
      // The setting was changed during the day, so its rows are in both places.
      try await fixture.withStore({ $0.isDaily = !isDaily }) { try await $0.fillDays(1) }
      try await fixture.withStore({ $0.isDaily = isDaily }) { store in
        try await store.appendLate(at: midJanuary + 9_000)
        let count = try await store.count(of: Self.day)
        #expect(count == DayCount(exchanges: 3, messages: 6, errors: 1))
        try await store.drop(Self.day, holding: count)
        try await store.sweepLeftovers()
        let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
        #expect(page.exchanges.isEmpty)
        #expect(try await store.partitions().first { $0.day == Self.day }?.state == "dropped")
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a day that got another exchange is kept`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(2)
      let count = try await store.count(of: Self.day)
      // Where a pass over the day has been by then.
      try await store.appendLate(at: midJanuary + 500)
      await #expect(throws: DayHasChanged.self) { try await store.drop(Self.day, holding: count) }
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.count == 7)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.servers)
  func `whoever is about to write to the day is waited for`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.isDaily = true }) { store in
        try await store.fillDays(1)
        let count = try await store.count(of: Self.day)
        let write = try await HeldWrite(of: .sample(conversation: "c"), at: midJanuary + 500, to: store)
        let hasEnded = Mutex(false)
        let dropping = Task {
          defer { hasEnded.withLock { $0 = true } }
          try await store.writing { try $0.dropTables(of: Self.day, store.dayTables, expected: count) }
        }
        // Until the drop waits for the one who writes.
        var isWaiting = false
        while !isWaiting && !hasEnded.withLock({ $0 }) { isWaiting = try await store.someoneWaitsForTables(engine) }
        try await write.end()
        await #expect(throws: DayHasChanged.self) { try await dropping.value }
        let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
        #expect(page.exchanges.count == 4)
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }
}

/// A transaction that has written an exchange and is under way until it is told to end.
private struct HeldWrite: Sendable {
  private let gate = HeldGate()
  private let task: Task<Void, any Error>

  init(of exchange: NewExchange, at time: Int64, to store: Store) async throws {
    var exchange = exchange
    exchange.createdAt = time
    let pending: PendingExchange = store.pending(exchange, account: "a")
    let (signals, teller) = AsyncStream<Void>.makeStream()
    let writer: Connection = try #require(store.database.writers.last)
    task = Task { [gate] in
      defer { teller.finish() }
      _ = try await writer.run { connection in
        try connection.commit([pending], to: store.dayTables) {
          teller.yield()
          gate.wait()
        }
      }
    }
    for await _ in signals { break }
  }

  func end() async throws {
    gate.open()
    try await task.value
  }
}

extension Store {
  fileprivate func appendLate(at time: Int64) async throws {
    var exchange = NewExchange.sample(conversation: "c")
    exchange.createdAt = time
    _ = try await append(exchange, account: "a")
  }

  /// Whether somebody waits for a lock on a table of this database.
  fileprivate func someoneWaitsForTables(_ engine: TestEngine) async throws -> Bool {
    let query: SQL =
      engine == .postgreSQL
      ? """
      SELECT count(*)
      FROM pg_locks
      JOIN pg_database ON pg_database.oid = pg_locks.database AND datname = current_database()
      WHERE locktype = 'relation' AND NOT granted
      """
      : """
      SELECT count(*)
      FROM information_schema.processlist
      WHERE db = database() AND state LIKE 'Waiting for table metadata lock%'
      """
    return try await database.read { try $0.first(query) { $0.integer(0) > 0 } ?? false }
  }
}

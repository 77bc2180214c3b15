import Databases
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// A database server that is killed while appends go on.
@Suite struct ServerLossTests {
  /// What clients were told.
  private final class Ledger: Sendable {
    private struct State {
      var acknowledged: [String: UUIDv7] = [:]
      var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())

    var all: [String: UUIDv7] { state.withLock { $0.acknowledged } }

    func note(_ key: String, _ receipt: Store.Receipt) {
      let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
        state.acknowledged[key] = receipt.exchangeID
        guard let waiter = state.waiter, state.acknowledged.count >= waiter.count else { return nil }
        state.waiter = nil
        return waiter.continuation
      }
      continuation?.resume()
    }

    /// Returns once there are so many more than now.
    func waitForMore(_ more: Int) async {
      await withCheckedContinuation { continuation in
        state.withLock { $0.waiter = ($0.acknowledged.count + more, continuation) }
      }
    }
  }

  @Test func `nothing acknowledged is lost or doubled when PostgreSQL is killed`() async throws {
    let server = try await PostgreSQLServer.start()
    let fixture = StoreFixture(engine: .postgres(server.address(database: try await server.createDatabase())))
    try await check(fixture, crash: { try await server.kill() }, restart: { try await server.start() })
    try await server.stop()
  }

  @Test func `nothing acknowledged is lost or doubled when MariaDB is killed`() async throws {
    let server = try await MariaDBServer.start(MariaDBServer.Options())
    let fixture = StoreFixture(engine: .mysql(server.address(database: try await server.createDatabase())))
    try await check(fixture, crash: { try await server.kill() }, restart: { try await server.start() })
    try await server.stop()
  }

  private func check(
    _ fixture: StoreFixture, crash: @escaping @Sendable () async throws -> Void,
    restart: @escaping @Sendable () async throws -> Void
  ) async throws {
    try await fixture.withStore { store in
      let ledger = Ledger()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for client in 0..<32 {
          group.addTask { for turn in 0..<60 { try await Self.append("\(client)-\(turn)", to: store, ledger) } }
        }
        group.addTask {
          for _ in 1...2 {
            await ledger.waitForMore(500)
            try await crash()
            try await restart()
          }
        }
        try await group.waitForAll()
      }
      let stored = try await Self.stored(in: store)
      #expect(ledger.all.count == 32 * 60)
      #expect(stored == ledger.all)
      let findings = try await store.findings()
      #expect(findings == [])
      #expect(await store.unavailability() == nil)
    }
  }

  /// As a client does: the same exchange again for as long as it is told to come again.
  private static func append(_ key: String, to store: Store, _ ledger: Ledger) async throws {
    while true {
      do {
        let exchange = NewExchange.sample(conversation: "c-\(key.utf8.reduce(0) { $0 &+ $1 } % 20)", key: key)
        ledger.note(key, try await store.append(exchange, account: "a"))
        return
      } catch StoreError.unavailable(_, let retryAfter) {
        try await Task.sleep(for: min(retryAfter, .milliseconds(100)))
      }
    }
  }

  /// Exchange ids by their keys; a key that is there twice fails.
  private static func stored(in store: Store) async throws -> [String: UUIDv7] {
    let rows: [(String, UUIDv7)] = try await store.database.read { connection in
      try connection.query("SELECT client_message_id, id FROM conversation_histories WHERE exchange_id = id") { row in
        (row.text(0), try row.uuid(1))
      }
    }
    return try rows.reduce(into: [:]) { stored, row in
      let before = stored.updateValue(row.1, forKey: row.0)
      try #require(before == nil, "\(row.0) is there twice")
    }
  }
}

import Databases
import Synchronization
import Testing
import VerbatimTesting

@testable import VerbatimStore

@Suite struct PostgreSQLOpeningTests {
  @Test func `whoever starts while another upgrades the database waits for it, however long`() async throws {
    let server = try await PostgreSQLServer.shared()
    let name = try await server.createDatabase()
    var impatient = server.address(database: name)
    impatient.parameters["options"] = "-c lock_timeout=1ms"
    let upgrading = try await Database.open(Database.Configuration(.postgres(server.address(database: name))))
    let lock: SQL = "pg_advisory_lock(\(PostgreSQLSchema.lockNumber))"
    _ = try await upgrading.writer.run { try $0.first("SELECT \(lock)") { _ in true } }

    let hasEnded = Mutex(false)
    let fixture = StoreFixture(engine: .postgres(impatient))
    let opening = Task {
      defer { hasEnded.withLock { $0 = true } }
      try await fixture.withStore { _ in }
    }
    // Twenty looks take longer than that time-out.
    var looks = 0
    while looks < 20 && !hasEnded.withLock({ $0 }) { looks += try await isWaiting(upgrading) ? 1 : 0 }
    _ = try await upgrading.writer.run { connection in
      try connection.first("SELECT pg_advisory_unlock(\(PostgreSQLSchema.lockNumber))") { _ in true }
    }
    try await opening.value
    await upgrading.close()
    try await server.dropDatabase(name)
  }

  /// Whether somebody waits for a lock of that kind in this database.
  private func isWaiting(_ database: Database) async throws -> Bool {
    try await database.read { connection in
      try connection.first(
        """
        SELECT count(*)
        FROM pg_locks
        JOIN pg_database ON pg_database.oid = pg_locks.database AND datname = current_database()
        WHERE locktype = 'advisory' AND NOT granted
        """
      ) { $0.integer(0) > 0 } ?? false
    }
  }
}

import Testing
import VerbatimTesting

@testable import Databases

@Suite struct PostgresConflictTests {
  private static let engine = TestEngine.postgreSQL

  @Test(
    arguments: [
      ("08006", .unavailable), ("57P01", .unavailable), ("57P03", .unavailable), ("57014", .unavailable),
      ("53300", .unavailable), ("53100", .full), ("25006", .readOnly), ("40001", .conflict), ("40P01", .conflict),
      ("40003", .unavailable), ("55P03", .conflict), ("23505", .constraint), ("23502", .constraint),
      ("22001", .constraint), ("22021", .constraint), ("54000", .constraint), ("54001", .statement),
      ("XX001", .corrupt), ("XX000", .statement), ("58030", .unavailable), ("42P01", .missingTable),
      ("42501", .statement),
      ("28P01", .unavailable), ("3D000", .unavailable), ("0A000", .statement),
    ] as [(String, DatabaseError.Kind)])
  func `codes tell what a caller can do`(_ state: String, _ kind: DatabaseError.Kind) {
    #expect(DatabaseError.postgresKind(state) == kind)
  }

  @Test func `a code is packed as PostgreSQL packs it`() {
    #expect(postgresCode("23505") == 83_906_754)
    #expect(postgresCode("2350") == nil)
    #expect(postgresCode("2350é") == nil)
  }

  /// Two transactions that update two rows in opposite order, each waiting until the other has taken its first.
  @Test func `one of two that lock each other out fails with a conflict, and the other commits`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          "CREATE TABLE t (k integer PRIMARY KEY, n integer); INSERT INTO t VALUES (1, 0), (2, 0)")
      }
      let gates = [Gate(), Gate()]
      let errors = await withTaskGroup(of: DatabaseError?.self) { group in
        for (index, writer) in database.writers.enumerated() {
          group.addTask {
            await databaseError {
              try await writer.run { connection in
                try connection.transaction {
                  try connection.execute("UPDATE t SET n = n + 1 WHERE k = \(index + 1)")
                  gates[index].open()
                  gates[1 - index].wait()
                  try connection.execute("UPDATE t SET n = n + 1 WHERE k = \(2 - index)")
                }
              }
            }
          }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(errors.compactMap { $0?.kind } == [.conflict])
      let sum = try await database.read { try $0.first("SELECT sum(n) FROM t") { $0.integer(0) } }
      #expect(sum == 2)
    }
  }

  @Test func `who waits too long for a lock fails with a conflict`() async throws {
    try await Self.engine.withDatabase { database in
      let writers = database.writers
      try await writers[0].run { try $0.executeScript("CREATE TABLE t (k integer)") }
      try await writers[1].run { try $0.executeScript("SET lock_timeout = 20") }
      let (locked, failed) = (Gate(), Gate())
      async let holding: Void = writers[0].run { connection in
        try connection.transaction {
          try connection.executeScript("LOCK TABLE t")
          locked.open()
          failed.wait()
        }
      }
      await locked.opened()
      let error = await databaseError { try await writers[1].run { try $0.execute("INSERT INTO t VALUES (1)") } }
      failed.open()
      try await holding
      #expect(error?.kind == .conflict)
    }
  }

  @Test func `a statement past the server's own limit of time is unavailable`() async throws {
    try await Self.engine.withDatabase { database in
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.executeScript("SET statement_timeout = 20")
          _ = try connection.first(Self.engine.endlessQuery) { $0.integer(0) }
        }
      }
      #expect(error?.kind == .unavailable)
    }
  }
}

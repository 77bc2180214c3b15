import Databases
import Testing
import VerbatimTesting

@Suite struct PostgresStatementTests {
  private static let engine = TestEngine.postgreSQL
  private static let many: SQL = "SELECT n FROM generate_series(1, 1000000) AS n"

  @Test func `nothing else runs while rows are being read, and they can be read to their end`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.read { connection in
        var (kinds, count) = (Set<DatabaseError.Kind>(), 0)
        try connection.forEachRow("SELECT n FROM generate_series(1, 1000) AS n") { _ in
          count += 1
          do {
            _ = try connection.first("SELECT 1") { $0.integer(0) }
          } catch let error as DatabaseError {
            kinds.insert(error.kind)
          }
          return true
        }
        #expect(count == 1000)
        #expect(kinds == [.statement])
      }
    }
  }

  @Test func `who has seen enough rows of a transaction goes on in it`() async throws {
    try await Self.engine.withDatabase { database in
      let sums = try await database.read { connection in
        try connection.snapshot {
          let first = try connection.first(Self.many) { $0.integer(0) }
          let second = try connection.first("SELECT \(2)") { $0.integer(0) }
          return [first, second, try connection.first(Self.many) { $0.integer(0) }]
        }
      }
      #expect(sums == [1, 2, 1])
    }
  }

  @Test func `a transaction that fails amid rows is rolled back`() async throws {
    struct Enough: Error {}
    try await Self.engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a integer)") }
      await #expect(throws: Enough.self) {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (1)")
            try connection.forEachRow(TestEngine.postgreSQL.endlessRows) { _ in throw Enough() }
          }
        }
      }
      let count = try await database.writer.run { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(count == 0)
    }
  }

  @Test func `a failure among rows that nobody wanted keeps the transaction from being committed`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a integer)") }
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (1)")
            _ = try connection.first("SELECT 1 / (100000 - n) FROM generate_series(1, 100000) AS n") { $0.integer(0) }
          }
        }
      }
      #expect(error?.kind == .constraint)
      let count = try await database.writer.run { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(count == 0)
    }
  }

  @Test func `what a transaction failed of is said again, and not that it has failed`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a integer PRIMARY KEY)") }
      let kinds = try await database.writer.run { connection in
        var kinds: [DatabaseError.Kind?] = []
        do {
          try connection.transaction {
            for value in [1, 1, 2] {
              do {
                try connection.execute("INSERT INTO t VALUES (\(value))")
                kinds.append(nil)
              } catch let error as DatabaseError {
                kinds.append(error.kind)
              }
            }
          }
        } catch let error as DatabaseError {
          kinds.append(error.kind)
        }
        return kinds
      }
      #expect(kinds == [nil, .constraint, .constraint, .constraint])
    }
  }

  private static let all: SQL = "SELECT * FROM t"

  private static func inTransaction(_ connection: isolated Connection) throws -> Int64? {
    try connection.transaction { try connection.first(all) { $0.integer(0) } }
  }

  private static func fill(_ connection: isolated Connection) throws {
    let insert = BulkInsert(into: "t", [.init("a", .integer)])
    try connection.transaction {
      let one = try connection.first("SELECT \(1)") { $0.integer(0) }
      #expect(one == 1)
      try connection.insert(insert, rows: 2) { row, binds in binds.integer(Int64(row)) }
    }
  }

  @Test func `a statement whose result changed its type is prepared anew`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a integer); INSERT INTO t VALUES (7)")
        _ = try connection.first(Self.all) { $0.integer(0) }
        try connection.executeScript("ALTER TABLE t ALTER a TYPE text")
        let outside = try connection.first(Self.all) { $0.text(0) }
        #expect(outside == "7")

        try connection.executeScript("ALTER TABLE t ALTER a TYPE bigint USING 8")
        let error = #expect(throws: DatabaseError.self) { try Self.inTransaction(connection) }
        #expect(error?.kind == .conflict)
        let again = try Self.inTransaction(connection)
        #expect(again == 8)
      }
    }
  }

  @Test func `statements that the server has forgotten are prepared anew`() async throws {
    try await Self.engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a bigint)")
        try Self.fill(connection)
        try connection.executeScript("DEALLOCATE ALL")
        let error = #expect(throws: DatabaseError.self) { try Self.fill(connection) }
        #expect(error?.kind == .conflict)
        try Self.fill(connection)
        try connection.executeScript("DEALLOCATE ALL")
        let count = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
        #expect(count == 4)
      }
    }
  }

  @Test func `ten thousand rows with absent values go in at once`() async throws {
    let insert = BulkInsert(
      into: "t", [.init("id", .id), .init("n", .integer), .init("r", .real), .init("s", .text), .init("b", .blob)])
    try await Self.engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (id uuid PRIMARY KEY, n bigint, r float8, s text, b bytea)")
        let new = try connection.insert(insert, rows: 10_000) { row, binds in
          let isAbsent = row % 3 == 0
          binds.id(7, UInt64(row))
          binds.integer(isAbsent ? nil : Int64(row))
          binds.real(isAbsent ? nil : Double(row) / 2)
          binds.text(isAbsent ? nil : "text \(row)")
          binds.blob(isAbsent ? nil : [0, UInt8(row % 256)])
        }
        #expect(new == 10_000)
        let sums = try connection.first(
          """
          SELECT count(n), sum(n), sum(r), count(s), sum(octet_length(b)), count(*) FROM t
          WHERE s IS NULL OR s = 'text ' || n
          """
        ) { row in (0..<6).map { row.integer($0) } }
        #expect(sums == [6666, 33326667, 16663333, 6666, 13332, 10_000])
      }
    }
  }
}

extension TestEngine {
  fileprivate var endlessRows: SQL {
    "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n % 1000 + 1 FROM c) SELECT n FROM c"
  }
}

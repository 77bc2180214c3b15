import Databases
import Testing
import VerbatimTesting

@Suite struct MySQLStatementTests {
  /// Ten million rows.
  private static let manyRows: SQL = "SELECT a.seq FROM seq_1_to_10000 a, seq_1_to_1000 b"

  @Test func `rows that nobody wants any more are not read to their end`() async throws {
    try await withMariaDB { database in
      try await database.read { connection in
        var seen = 0
        try connection.forEachRow(Self.manyRows) { _ in
          seen += 1
          return seen < 3
        }
        #expect(seen == 3)
        let afterwards = try connection.first("SELECT 5") { $0.integer(0) }
        #expect(afterwards == 5)
      }
    }
  }

  @Test func `a second statement among rows to come is refused, and the first goes on`() async throws {
    try await withMariaDB { database in
      try await database.read { connection in
        var seen: [Int64] = []
        try connection.forEachRow("SELECT seq FROM seq_1_to_3") { row in
          seen.append(row.integer(0))
          #expect(throws: DatabaseError.self) { try connection.execute("SELECT 1") }
          return true
        }
        #expect(seen == [1, 2, 3])
      }
    }
  }

  @Test func `an update counts the rows that it found, changed or not`() async throws {
    try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 1), (2, 1), (3, 2)")
        let updated = try connection.execute("UPDATE t SET b = \(1) WHERE a < \(4)")
        let deleted = try connection.execute("DELETE FROM t WHERE a > \(1)")
        let created = try connection.execute("CREATE TABLE u (a INT)")
        #expect([updated, deleted, created] == [3, 2, 0])
      }
    }
  }

  @Test(arguments: [true, false])
  func `rows that are there are kept, and the new ones counted`(_ usesBulk: Bool) async throws {
    let insert = BulkInsert(into: "t", [.init("k", .text), .init("n", .integer)], onConflict: .keep(key: ["k"]))
    try await withMariaDB({ $0.usesBulk = usesBulk }) { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (k VARCHAR(20) PRIMARY KEY, n INT)")
        let counts = try [0..<100, 50..<200, 0..<200].map { keys in
          try connection.insert(insert, rows: keys.count) { row, binds in
            binds.text("key \(keys.lowerBound + row)")
            binds.integer(Int64(keys.lowerBound))
          }
        }
        #expect(counts == [100, 100, 0])
        let first = try connection.first("SELECT count(*) FROM t WHERE n = 0") { $0.integer(0) }
        #expect(first == 100)
      }
    }
  }

  @Test(arguments: [true, false])
  func `rows that are there change as each column says`(_ usesBulk: Bool) async throws {
    let insert = BulkInsert(
      into: "t",
      [.init("k", .id), .init("n", .integer), .init("low", .integer), .init("high", .real), .init("last", .text)],
      onConflict: .update(
        key: ["k"],
        changes: [.init("n", .add), .init("low", .minimum), .init("high", .maximum), .init("last", .replace)]))
    try await withMariaDB({ $0.usesBulk = usesBulk }) { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          "CREATE TABLE t (k BINARY(16) PRIMARY KEY, n INT, low INT, high DOUBLE, last TEXT)")
        for value in [5, 3, 8] {
          try connection.insert(insert, rows: 3) { row, binds in
            binds.id(0, UInt64(row))
            binds.integer(Int64(value))
            binds.integer(Int64(value))
            binds.real(Double(value))
            binds.text("last \(value)")
          }
        }
        let rows = try connection.query("SELECT n, low, high, last FROM t") { row in
          "\(row.integer(0)) \(row.integer(1)) \(row.real(2)) \(row.text(3))"
        }
        #expect(rows == Array(repeating: "16 3 8.0 last 8", count: 3))
      }
    }
  }

  @Test(arguments: [true, false])
  func `what is more than the server takes at once goes in pieces, or is refused by name`(
    _ usesBulk: Bool
  ) async throws {
    let insert = BulkInsert(into: "t", [.init("a", .integer), .init("b", .text)])
    var options = MariaDBServer.Options()
    options.arguments = ["--max-allowed-packet=1M"]
    let server = try await MariaDBServer.start(options)
    try await withMariaDB(on: server, { $0.usesBulk = usesBulk }) { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a INT, b LONGTEXT)")
        let text = String(repeating: "x", count: 300_000)
        try connection.insert(insert, rows: 20) { row, binds in
          binds.integer(Int64(row))
          binds.text(text)
        }
        let size = try connection.first("SELECT sum(length(b)) FROM t") { $0.integer(0) }
        #expect(size == 6_000_000)
        let large = String(repeating: "x", count: 1 << 20)
        let error = #expect(throws: DatabaseError.self) {
          try connection.insert(insert, rows: 1) { _, binds in
            binds.integer(1)
            binds.text(large)
          }
        }
        #expect(error?.kind == .constraint)
        #expect(error?.message.contains("max_allowed_packet") == true)
        let single = #expect(throws: DatabaseError.self) {
          try connection.execute("INSERT INTO t (b) VALUES (\(large))")
        }
        #expect(single?.kind == .constraint)
        let count = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
        #expect(count == 20)
      }
    }
    try await server.stop()
  }
}

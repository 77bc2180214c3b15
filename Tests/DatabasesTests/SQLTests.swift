import Databases
import Testing
import VerbatimTesting

@Suite struct SQLTests {
  @Test func `values become binds, in order`() {
    let sql: SQL = "SELECT a FROM t WHERE b = \(1) AND c = \("x") AND d IS \(Int?.none)"
    #expect(sql.text == "SELECT a FROM t WHERE b = ? AND c = ? AND d IS ?")
    #expect(sql.binds == [.integer(1), .text("x"), .null])
  }

  @Test func `a list becomes as many placeholders, and an empty one matches nothing`() {
    let sql: SQL = "SELECT a FROM t WHERE b IN (\(list: [1, 2, 3])) AND c IN (\(list: [String]()))"
    #expect(sql.text == "SELECT a FROM t WHERE b IN (?, ?, ?) AND c IN (NULL)")
    #expect(sql.binds == [.integer(1), .integer(2), .integer(3)])
  }

  @Test func `fragments keep their values in order`() {
    let (left, right): (SQL, SQL) = ("b = \("x")", "\(identifier: "c") > \(2.5)")
    let sql: SQL = "SELECT \(0) FROM t WHERE \(left) AND \(right) LIMIT \(9)"
    #expect(sql.text == #"SELECT ? FROM t WHERE b = ? AND "c" > ? LIMIT ?"#)
    #expect(sql.binds == [.integer(0), .text("x"), .real(2.5), .integer(9)])
  }

  @Test func `text goes in only where it says unsafe`() {
    let sql: SQL = "SELECT a FROM t \(unsafeSQL: "ORDER BY a")"
    #expect(sql.text == "SELECT a FROM t ORDER BY a")
    #expect(sql.binds.isEmpty)
  }

  @Test(arguments: TestEngine.allCases, ["'; DROP TABLE t; --", "\" OR 1=1 --", "x'\\", "?"])
  func `a value is never taken for SQL`(_ engine: TestEngine, _ hostile: String) async throws {
    try await engine.withDatabase { database in
      let found = try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('innocent')")
        try connection.execute("INSERT INTO t (v) VALUES (\(hostile))")
        return try connection.query("SELECT v FROM t WHERE v = \(hostile)") { $0.text(0) }
      }
      #expect(found == [hostile])
    }
  }

  @Test(arguments: ["", "t\"", "a b", "1t", "t;", "täble", "t\0", String(repeating: "t", count: 64)])
  func `what is no identifier is refused when the statement runs`(_ name: String) async throws {
    try await withDatabase { database, _ in
      let error = await databaseError {
        try await database.writer.run { try $0.execute("CREATE TABLE \(identifier: name) (a)") }
      }
      #expect(error?.kind == .statement)
      let nested: SQL = "a = \(identifier: name)"
      let nestedError = await databaseError {
        _ = try await database.writer.run { try $0.query("SELECT 1 WHERE \(nested)") { $0.integer(0) } }
      }
      #expect(nestedError?.kind == .statement)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an identifier may be a keyword`(_ engine: TestEngine) async throws {
    let count = try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.execute("CREATE TABLE \(identifier: "order") (\(identifier: "select") INTEGER)")
        try connection.execute("INSERT INTO \(identifier: "order") VALUES (\(1))")
        return try connection.first("SELECT sum(\(identifier: "select")) FROM \(identifier: "order")") { $0.integer(0) }
      }
    }
    #expect(count == 1)
  }

  @Test(arguments: TestEngine.allCases)
  func `more than one statement at once is refused`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      let error = await databaseError { try await database.writer.run { try $0.execute("SELECT 1; SELECT 2") } }
      #expect(error?.kind == .statement)
      let empty = await databaseError { try await database.writer.run { try $0.execute("  ") } }
      #expect(empty?.kind == .statement)
      try await database.writer.run { try $0.execute("SELECT 1 ;\n") }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `as many values as placeholders, or it throws`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER, b INTEGER)") }
      for bound in [0, 1, 3] {
        let error = await databaseError {
          try await database.writer.run { connection in
            try connection.insert(BulkInsert(into: "t", [.init("a", .integer), .init("b", .integer)]), rows: 1) {
              _, binds in
              for _ in 0..<bound { binds.integer(1) }
            }
          }
        }
        #expect(error?.kind == .statement)
      }
      let rows = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(rows == 0)
    }
  }
}

import Databases
import Synchronization
import Testing
import VerbatimTesting

@Suite struct StatementTests {
  @Test(arguments: TestEngine.allCases)
  func `execute answers how many rows it changed`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        let statements: [SQL] = [
          "CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1), (2), (3)", "UPDATE t SET a = a + 1 WHERE a > \(1)",
          "DELETE FROM t WHERE a = \(99)", "CREATE INDEX i ON t (a)",
        ]
        let changes = try statements.map { try connection.execute($0) }
        #expect(changes == [0, 3, 2, 0, 0])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a statement is prepared once`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a INTEGER)")
        let before = connection.preparedStatements
        for value in 0..<50 {
          try connection.execute("INSERT INTO t VALUES (\(value))")
        }
        #expect(connection.preparedStatements == before + 1)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a statement that varies takes and gives the same values`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          "CREATE TABLE t (a BIGINT, b \(engine.type(.text)), c \(engine.type(.id)), d \(engine.type(.real)))")
        try connection.execute(
          "INSERT INTO t VALUES (\(7), \("文"), \(SQLValue.id(high: 1, low: 2)), \(0.5)), (\(8), NULL, NULL, NULL)")
        for limit in [1, 2, 5] {
          var sql: SQL = """
            SELECT a, b, c, d FROM t
            WHERE a >= \(7) AND (b = \("文") OR b IS NULL) AND (c = \(SQLValue.id(high: 1, low: 2)) OR d IS NULL)
            ORDER BY a LIMIT \(limit)
            """
          sql.isVarying = true
          let rows = try connection.query(sql) { row in
            "\(row.integer(0)) \(row.optionalText(1) ?? "-") \(row.id(2)?.low ?? 0) \(row.real(3))"
          }
          #expect(rows == Array(["7 文 2 0.5", "8 - 0 0.0"].prefix(limit)))
        }
        var wrong: SQL = "SELECT missing FROM t WHERE a = \(1)"
        wrong.isVarying = true
        let statement = wrong
        #expect(throws: DatabaseError.self) { try connection.query(statement) { $0.integer(0) } }
        var early: SQL = "SELECT a FROM t WHERE a > \(0)"
        early.isVarying = true
        var seen: [Int64] = []
        try connection.forEachRow(early) { row in
          seen.append(row.integer(0))
          return false
        }
        #expect(seen.count == 1)
        #expect(try connection.first("SELECT count(*) FROM t") { $0.integer(0) } == 2)
      }
    }
  }

  @Test func `the cache forgets what was unused for longest`() async throws {
    try await withDatabase { database, _ in
      try await database.writer.run { connection in
        let before = connection.preparedStatements
        for number in 0..<200 {
          try connection.execute("SELECT \(unsafeSQL: "\(number)")")
          try connection.execute("SELECT 'often'")
        }
        #expect(connection.preparedStatements == before + 201)
        try connection.execute("SELECT 199")
        #expect(connection.preparedStatements == before + 201)
        try connection.execute("SELECT 0")
        #expect(connection.preparedStatements == before + 202)
      }
    }
  }

  @Test func `a statement may run inside its own loop`() async throws {
    try await withDatabase { database, _ in
      let pairs = try await database.read { connection in
        let numbers: SQL = "SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2)"
        return try connection.query(numbers) { outer in
          let first = outer.integer(0)
          return try connection.query(numbers) { inner in [first, inner.integer(0)] }
        }
      }
      #expect(pairs == [[[1, 1], [1, 2]], [[2, 1], [2, 2]]])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows stop when the body has enough, or throws`(_ engine: TestEngine) async throws {
    struct Enough: Error {}
    try await engine.withDatabase { database in
      try await database.read { connection in
        let many: SQL = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"
        var seen: [Int64] = []
        try connection.forEachRow(many) { row in
          seen.append(row.integer(0))
          return seen.count < 3
        }
        #expect(seen == [1, 2, 3])
        #expect(throws: Enough.self) { try connection.forEachRow(many) { _ in throw Enough() } }
        #expect(try connection.first(many) { $0.integer(0) } == 1)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a statement sees a schema that changed after it was prepared`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)") }
      let before = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      try await database.writer.run { connection in
        try connection.executeScript("ALTER TABLE t ADD COLUMN b INTEGER; DROP TABLE t; CREATE TABLE t (c INTEGER)")
      }
      let after = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(before == 1)
      #expect(after == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `slow statements are reported without values`(_ engine: TestEngine) async throws {
    final class Reports: Sendable {
      let texts = Mutex<[String]>([])
    }
    let reports = Reports()
    try await engine.withDatabase({
      $0.slowQueryThreshold = .zero
      $0.onSlowQuery = { text, _ in reports.texts.withLock { $0.append(text) } }
    }) { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a TEXT)")
        try connection.transaction {
          try connection.execute("INSERT INTO t VALUES (\("secret"))")
          try connection.insert(BulkInsert(into: "t", [.init("a", .text)]), rows: 1) { _, binds in binds.text("secret")
          }
        }
      }
    }
    let texts = reports.texts.withLock { $0 }
    #expect(texts.count { $0.contains("INSERT INTO t VALUES (?)") } == 1)
    #expect(texts.count { $0.contains("INSERT INTO \"t\"") } == 1)
    #expect(texts.contains("COMMIT"))
    #expect(!texts.joined().contains("secret"))
  }

  @Test(arguments: TestEngine.allCases)
  func `quick statements are not reported`(_ engine: TestEngine) async throws {
    final class Reports: Sendable {
      let count = Atomic<Int>(0)
    }
    let reports = Reports()
    try await engine.withDatabase({
      $0.slowQueryThreshold = .seconds(3600)
      $0.onSlowQuery = { _, _ in reports.count.add(1, ordering: .relaxed) }
    }) { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER)") }
      let one = try await database.read { try $0.first("SELECT 1") { $0.integer(0) } }
      #expect(one == 1)
    }
    #expect(reports.count.load(ordering: .relaxed) == 0)
  }
}

import Databases
import Synchronization
import Testing
import VerbatimTesting

@Suite struct StatementTests {
  @Test(arguments: TestEngine.allCases)
  func `executeEach tells which rows changed something`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        var applied: [Bool] = []
        try connection.transaction {
          try connection.executeEach(
            "INSERT INTO t (a, b) VALUES (?, ?) \(engine.keepsFirst)", rows: 4,
            bind: { row, binds in
              binds.integer(Int64([1, 2, 1, 3][row]))
              binds.text(bytes: Array("row \(row)".utf8)[...])
            },
            applied: { row, changed in
              #expect(row == applied.count)
              applied.append(changed)
            })
        }
        #expect(applied == [true, true, false, true])
        let texts = try connection.query("SELECT b FROM t ORDER BY a") { $0.text(0) }
        #expect(texts == ["row 0", "row 1", "row 3"])
      }
    }
  }

  @Test func `values of every kind go through executeEach, empty and absent ones apart`() async throws {
    try await withDatabase { database, _ in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a, b, c, d, e, f, g)")
        try connection.executeEach("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?)", rows: 2) { row, binds in
          binds.integer(row == 0 ? .min : nil)
          binds.real(row == 0 ? 0.5 : nil)
          binds.text(row == 0 ? "" : nil)
          binds.text(bytes: row == 0 ? [] : nil)
          binds.blob(row == 0 ? [] : nil)
          binds.id(UInt64(row), .max)
          binds.null()
        }
        let types = try connection.query(
          "SELECT typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g) FROM t"
        ) { row in (0..<7).map { row.text($0) } }
        #expect(types[0] == ["integer", "real", "text", "text", "blob", "blob", "null"])
        #expect(types[1] == ["null", "null", "null", "null", "null", "blob", "null"])
        let ids = try connection.query("SELECT f FROM t") { $0.id(0)?.high }
        #expect(ids == [0, 1])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a row that fails ends executeEach`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        var bound = 0
        #expect(throws: DatabaseError.self) {
          try connection.executeEach("INSERT INTO t (a) VALUES (?)", rows: 5) { row, binds in
            bound += 1
            binds.integer(Int64([1, 2, 2, 3, 4][row]))
          }
        }
        #expect(bound == 3)
        let count = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
        #expect(count == 2)
      }
    }
  }

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
          try connection.executeEach("INSERT INTO t VALUES (?)", rows: 2) { _, binds in binds.text("secret") }
        }
      }
    }
    let texts = reports.texts.withLock { $0 }
    #expect(texts.count { $0.contains("INSERT INTO t VALUES (?)") } == 2)
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

extension TestEngine {
  /// How an insert into a table with the key `a` says that the row which is there stays.
  fileprivate var keepsFirst: String {
    switch self {
    case .sqlite, .postgreSQL: "ON CONFLICT DO NOTHING"
    case .mariaDB, .mariaDBWithoutBulk: "ON DUPLICATE KEY UPDATE a = a"
    }
  }
}

import Databases
import Testing
import VerbatimTesting

@Suite struct TransactionTests {
  private struct Refusal: Error {}

  private func count(_ database: Database) async throws -> Int64? {
    try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
  }

  private func withTable(on engine: TestEngine, _ body: (Database) async throws -> Void) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL)") }
      try await body(database)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what a transaction wrote is there for readers afterwards`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let answer = try await database.writer.run { connection in
        try connection.transaction {
          try connection.execute("INSERT INTO t VALUES (\(1), \("x"))")
          try connection.execute("INSERT INTO t VALUES (\(2), \("y"))")
          return "done"
        }
      }
      #expect(answer == "done")
      let rows = try await count(database)
      #expect(rows == 2)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a transaction that throws leaves nothing, and the connection usable`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      await #expect(throws: Refusal.self) {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(1), \("x"))")
            throw Refusal()
          }
        }
      }
      let rows = try await count(database)
      #expect(rows == 0)
      try await database.writer.run { connection in
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (\(1), \("x"))") }
      }
      let rowsAfterwards = try await count(database)
      #expect(rowsAfterwards == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a failed statement rolls back what came before it`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(1), \("x"))")
            try connection.execute("INSERT INTO t VALUES (\(2), \(String?.none))")
          }
        }
      }
      #expect(error?.kind == .constraint)
      let rows = try await count(database)
      #expect(rows == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a transaction within a transaction is refused, and the outer one goes on`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let inner = try await database.writer.run { connection in
        try connection.transaction {
          try connection.execute("INSERT INTO t VALUES (\(1), \("x"))")
          do {
            try connection.transaction {}
            return nil as DatabaseError.Kind?
          } catch {
            return (error as? DatabaseError)?.kind
          }
        }
      }
      #expect(inner == .statement)
      let rows = try await count(database)
      #expect(rows == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a transaction that its body ended commits nothing more`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(1), \("x"))")
            try connection.executeScript("ROLLBACK")
            try connection.execute("INSERT INTO t VALUES (\(2), \("y"))")
          }
        }
      }
      #expect(error?.kind == .statement)
      let rows = try await count(database)
      #expect(rows == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a snapshot sees one moment while others commit`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let (opened, committed) = (Gate(), Gate())
      async let counts = database.read { connection in
        try connection.snapshot {
          let before = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
          opened.open()
          committed.wait()
          let after = try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
          return [before, after]
        }
      }
      await opened.opened()
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\(1), \("x"))") }
      committed.open()
      #expect(try await counts == [0, 0])
      let rows = try await count(database)
      #expect(rows == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `readers see whole transactions only`(_ engine: TestEngine) async throws {
    try await withTable(on: engine) { database in
      let writing = Task {
        for batch in 0..<100 {
          try await database.writer.runToEnd { connection in
            try connection.transaction {
              for row in 0..<10 { try connection.execute("INSERT INTO t VALUES (\(batch * 10 + row), \("x"))") }
            }
          }
        }
      }
      try await withThrowingTaskGroup { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<50 {
              let seen = try #require(try await count(database))
              #expect(seen % 10 == 0)
            }
          }
        }
        try await group.waitForAll()
      }
      try await writing.value
      let rows = try await count(database)
      #expect(rows == 1000)
    }
  }

  @Test func `committed rows are there when the file is opened again`() async throws {
    let folder = try TemporaryFolder()
    let configuration = Database.Configuration(path: folder.file("test.db"))
    let first = try await Database.open(configuration)
    try await first.writer.run { connection in
      try connection.executeScript("CREATE TABLE t (a)")
      try connection.transaction { try connection.execute("INSERT INTO t VALUES (\(1))") }
    }
    await first.close()
    #expect(!folder.has("test.db-wal"))
    let second = try await Database.open(configuration)
    #expect(try await count(second) == 1)
    await second.close()
    let closed = await databaseError { try await count(second) }
    #expect(closed?.kind == .unavailable)
  }
}

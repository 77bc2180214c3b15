import Databases
import Testing
import VerbatimTesting

@Suite struct ErrorTests {
  @Test(arguments: TestEngine.allCases)
  func `a repeated key is a constraint, and the error holds no values`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a VARCHAR(100) PRIMARY KEY)") }
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\("secret words"))") }
      let error = await databaseError {
        try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\("secret words"))") }
      }
      let raised = try #require(error)
      #expect(raised.kind == .constraint)
      #expect(raised.sql == "INSERT INTO t VALUES (?)")
      #expect(!"\(raised)".contains("secret"))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a missing table is told from other mistakes, and named`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      let error = await databaseError { try await database.read { try $0.execute("SELECT a FROM nowhere") } }
      let raised = try #require(error)
      #expect(raised.kind == .missingTable)
      #expect(raised.message.contains("nowhere"))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `readers take no writes`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER)") }
      let insert = await databaseError { try await database.read { try $0.execute("INSERT INTO t VALUES (1)") } }
      #expect(insert?.kind == .readOnly)
      let begin = await databaseError { try await database.read { try $0.transaction {} } }
      #expect(begin?.kind == .readOnly || begin?.kind == .statement)
      let stored = try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } }
      #expect(stored == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a database opened for reading only answers reads and takes no writes`(_ engine: TestEngine) async throws {
    let place = try await engine.makeDatabase()
    var configuration = Database.Configuration(place.engine)
    let server = try await Database.open(configuration)
    try await server.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (5)") }
    configuration.isWritable = false
    let tool = try await Database.open(configuration)
    let answer = try await tool.read { try $0.first("SELECT a FROM t") { $0.integer(0) } }
    #expect(answer == 5)
    let error = await databaseError { try await tool.writer.run { try $0.execute("INSERT INTO t VALUES (6)") } }
    #expect(error?.kind == .readOnly)
    await tool.close()
    await server.close()
    try await place.drop()
  }

  @Test(arguments: TestEngine.allCases)
  func `a body that swallows an error commits all that it could, or nothing and says so`(
    _ engine: TestEngine
  ) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INTEGER PRIMARY KEY)") }
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES (\(1))")
            let repeated = #expect(throws: DatabaseError.self) { try connection.execute("INSERT INTO t VALUES (\(1))") }
            #expect(repeated?.kind == .constraint)
          }
        }
      }
      #expect(error == nil || error?.kind == .constraint)
      let stored = try await database.read { try $0.query("SELECT a FROM t") { $0.integer(0) } }
      #expect(stored == (error == nil ? [1] : []))
    }
  }
}

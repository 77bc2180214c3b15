import Foundation
import Testing

@testable import Databases

@Suite struct SQLiteErrorTests {
  @Test func `a value beyond SQLite's limit is a constraint`() async throws {
    try await withDatabase { database, _ in
      let error = await databaseError {
        try await database.read { try $0.first("SELECT zeroblob(\(1_000_000_001))") { $0.bytes(0)?.count } }
      }
      #expect(error?.kind == .constraint)
    }
  }

  @Test func `a reader elsewhere does not keep the database from closing`() async throws {
    let folder = try TemporaryFolder()
    var configuration = Database.Configuration(path: folder.file("test.db"))
    let server = try await Database.open(configuration)
    try await server.writer.run { try $0.executeScript("CREATE TABLE t (a); INSERT INTO t VALUES (5)") }
    configuration.isWritable = false
    let tool = try await Database.open(configuration)
    let (reading, closed) = (Gate(), Gate())
    async let answers = tool.read { connection in
      try connection.snapshot {
        let before = try connection.first("SELECT a FROM t") { $0.integer(0) }
        reading.open()
        closed.wait()
        return [before, try connection.first("SELECT a FROM t") { $0.integer(0) }]
      }
    }
    await reading.opened()
    try await server.writer.run { try $0.execute("UPDATE t SET a = 6") }
    await server.close()
    closed.open()
    let seen = try await answers
    #expect(seen == [5, 5])
    let afterwards = try await tool.read { try $0.first("SELECT a FROM t") { $0.integer(0) } }
    #expect(afterwards == 6)
    await tool.close()
  }

  @Test func `a second writer on the same file is turned away until the first has closed`() async throws {
    let folder = try TemporaryFolder()
    let configuration = Database.Configuration(path: folder.file("test.db"))
    let first = try await Database.open(configuration)
    await #expect(throws: WriteLock.Holder(process: getpid(), purpose: "another program")) {
      try await Database.open(configuration)
    }
    await first.close()
    await (try Database.open(configuration)).close()
  }

  @Test func `a file that is no database is corrupt, and named`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("test.db")
    try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: path))
    for isWritable in [true, false] {
      var configuration = Database.Configuration(path: path)
      configuration.isWritable = isWritable
      let error = await databaseError { try await Database.open(configuration) }
      let raised = try #require(error)
      #expect(raised.kind == .corrupt)
      #expect(raised.message.contains(path))
    }
  }

  @Test(arguments: [true, false])
  func `a file that cannot be opened is unavailable, with path and reason`(_ isWritable: Bool) async throws {
    let folder = try TemporaryFolder()
    var configuration = Database.Configuration(path: folder.file("missing/test.db"))
    configuration.isWritable = isWritable
    let error = await databaseError { try await Database.open(configuration) }
    let raised = try #require(error)
    #expect(raised.kind == .unavailable)
    #expect(raised.message.contains("missing/test.db"))
    #expect(raised.message.contains("No such file or directory"))
  }

  @Test func `a path that looks like a URI is a plain path`() async throws {
    let folder = try TemporaryFolder()
    let configuration = Database.Configuration(path: folder.file("file:test.db?mode=memory"))
    await (try Database.open(configuration)).close()
    #expect(folder.has("file:test.db?mode=memory"))
  }

  @Test func `a full disk stores nothing of the batch, and the connection goes on when there is room`() async throws {
    try await withDatabase { database, _ in
      let writer = database.writer
      try await writer.run { connection in
        try connection.executeScript("CREATE TABLE t (a TEXT); PRAGMA max_page_count = 20")
      }
      let text = String(repeating: "x", count: 20_000)
      let error = await databaseError {
        try await writer.runToEnd { connection in
          try connection.transaction {
            for _ in 0..<50 { try connection.execute("INSERT INTO t VALUES (\(text))") }
          }
        }
      }
      #expect(error?.kind == .full)
      let count: SQL = "SELECT count(*) FROM t"
      let stored = try await database.read { try $0.first(count) { $0.integer(0) } }
      #expect(stored == 0)
      try await writer.run { connection in
        try connection.executeScript("PRAGMA max_page_count = 1000000")
        try connection.transaction { try connection.execute("INSERT INTO t VALUES (\(text))") }
      }
      let afterwards = try await database.read { try $0.first(count) { $0.integer(0) } }
      #expect(afterwards == 1)
    }
  }

  @Test func `a body that swallows a full disk commits nothing`() async throws {
    try await withDatabase { database, _ in
      let text = String(repeating: "x", count: 400_000)
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.executeScript("CREATE TABLE t (a TEXT); PRAGMA max_page_count = 20")
          try connection.transaction {
            try connection.execute("INSERT INTO t VALUES ('first')")
            do {
              try connection.execute("INSERT INTO t VALUES (\(text))")
            } catch let error as DatabaseError where error.kind == .full {
              try connection.execute("INSERT INTO t VALUES ('second')")
            }
          }
        }
      }
      let stored = try await database.read { try $0.query("SELECT a FROM t") { $0.text(0) } }
      // SQLite may or may not have rolled back by itself: all of the transaction, or nothing.
      #expect(stored == (error == nil ? ["first", "second"] : []))
    }
  }

  @Test(
    arguments: [
      (5, 0, .unavailable), (261, 0, .unavailable), (6, 0, .unavailable), (10, 5, .unavailable), (10, 28, .full),
      (778, 122, .full), (13, 0, .full), (14, 2, .unavailable), (14, 28, .full), (8, 0, .readOnly),
      (1032, 0, .readOnly),
      (19, 0, .constraint), (2067, 0, .constraint), (18, 0, .constraint), (20, 0, .constraint), (11, 0, .corrupt),
      (267, 0, .corrupt), (26, 0, .corrupt), (8458, 0, .corrupt), (9, 0, .cancelled), (1, 0, .statement),
      (21, 0, .statement), (7, 0, .unavailable),
    ] as [(Int32, Int32, DatabaseError.Kind)])
  func `SQLite's codes tell what a caller can do`(
    _ code: Int32, _ systemCode: Int32, _ kind: DatabaseError.Kind
  ) {
    #expect(DatabaseError.sqliteKind(code, systemCode: systemCode) == kind)
  }

  @Test func `a damaged page is corrupt, and other pages can still be read`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("test.db")
    let configuration = Database.Configuration(path: path)
    let first = try await Database.open(configuration)
    try await first.writer.run { connection in
      try connection.executeScript("CREATE TABLE good (a); CREATE TABLE bad (a); INSERT INTO good VALUES (1)")
      try connection.execute("INSERT INTO bad VALUES (\("x"))")
    }
    let place = try await first.read { connection in
      try connection.first(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = \("bad")"
      ) { (page: $0.integer(0), size: $0.integer(1)) }
    }
    let (page, size) = try #require(place)
    await first.close()
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.seek(toOffset: UInt64((page - 1) * size))
    try file.write(contentsOf: Data(repeating: 0xff, count: Int(size)))
    try file.close()

    let second = try await Database.open(configuration)
    let error = await databaseError { try await second.read { try $0.query("SELECT a FROM bad") { $0.text(0) } } }
    #expect(error?.kind == .corrupt)
    let good = try await second.read { try $0.query("SELECT a FROM good") { $0.integer(0) } }
    #expect(good == [1])
    let problems = try await second.integrityCheck()
    #expect(!problems.isEmpty)
    await second.close()
  }
}

import Databases
import Foundation
import Testing
import VerbatimTesting

@Suite struct ErrorLineTests {
  @Test func `a line about a server that is not there names its address once`() async throws {
    let port = UInt16(try freePort())
    let engines: [Engine] = [
      .postgres(PostgresAddress(hosts: [.init("127.0.0.1", port: port)], user: "u", database: "d")),
      .mysql(MySQLAddress(.host("127.0.0.1", port: port), user: "u", database: "d")),
    ]
    for engine in engines {
      let error = await databaseError { _ = try await Database.open(Database.Configuration(engine)) }
      let raised = try #require(error)
      let text = engine.line(about: raised)
      #expect(text.ranges(of: "\(engine)").count == 1, "\(text)")
      #expect(text.hasPrefix("\(engine): "), "\(text)")
    }
  }

  @Test func `a line about a file that is none of SQLite's names it once`() async throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/letter.txt"
    try String(repeating: "no database ", count: 100).write(toFile: path, atomically: false, encoding: .utf8)
    let engine = Engine.sqlite(SQLiteFile(path: path))
    let error = await databaseError { _ = try await Database.open(Database.Configuration(engine)) }
    let raised = try #require(error)
    let text = engine.line(about: raised)
    #expect(text.ranges(of: path).count == 1, "\(text)")
  }

  @Test func `a long statement is cut where it is logged`() {
    let sql = "INSERT INTO t VALUES " + Array(repeating: "(?)", count: 5_000).joined(separator: ", ")
    #expect(DatabaseError.excerpt(of: sql).count == 2_001)
    #expect(DatabaseError.excerpt(of: "SELECT 1") == "SELECT 1")
    let error = DatabaseError(kind: .statement, code: 1, message: "wrong", sql: sql)
    #expect("\(error)".count < 2_100)
  }
}

import Testing

@testable import Databases

@Suite struct MySQLErrorTests {
  @Test(
    arguments: [
      (1213, .conflict), (1205, .conflict), (1412, .conflict), (1062, .constraint), (1048, .constraint),
      (1406, .constraint), (1264, .constraint), (1366, .constraint), (4025, .constraint), (3819, .constraint),
      (1040, .unavailable), (1203, .unavailable), (2002, .unavailable), (2003, .unavailable), (2006, .unavailable),
      (2013, .unavailable), (1053, .unavailable), (1927, .unavailable), (4031, .unavailable), (1317, .unavailable),
      (1021, .full), (1114, .full), (1290, .readOnly), (1792, .readOnly), (1836, .readOnly), (1194, .corrupt),
      (1044, .statement), (1045, .statement), (1142, .statement), (1049, .statement), (1146, .missingTable),
      (1064, .statement), (1054, .statement),
    ] as [(Int32, DatabaseError.Kind)])
  func `the server's codes tell what a caller can do`(_ code: Int32, _ kind: DatabaseError.Kind) {
    #expect(DatabaseError.mySQLKind(code) == kind)
  }

  @Test(
    arguments: [
      "INSERT INTO t (a) VALUES (\("it's secret words for key 'x'"))", "INSERT INTO t (n) VALUES (\("secret"))",
      "INSERT INTO t (a, e) VALUES (\("y"), \("secret"))", "INSERT INTO t (a, d) VALUES (\("z"), \("secret"))",
      "INSERT INTO t (a) VALUES (CAST(\([UInt8]("secret \u{1}".utf8) + [0xff]) AS CHAR CHARACTER SET utf8mb4))",
      "INSERT INTO t (a, s) VALUES (\("x"), \("secret secret secret"))", "SELECT \("secret") FROM nowhere",
      "INSERT INTO t (a, n) VALUES (\("w"), \(1 << 40))", "INSERT INTO t (a, n) SELECT \("v"), \(Int64.max) + 9",
      "INSERT INTO t (a, b) VALUES (\("v"), \(String?.none))", "INSERT INTO t (a, n) VALUES (\("v"), \(-40))",
    ] as [SQL])
  func `errors hold no values`(_ statement: SQL) async throws {
    let error = try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          """
          CREATE TABLE t (a VARCHAR(100) PRIMARY KEY, n INT CHECK (n > 0), e ENUM('a'), d DATETIME, s VARCHAR(6),
            b INT NOT NULL DEFAULT 1)
          """)
        try connection.execute("INSERT INTO t (a) VALUES (\("it's secret words for key 'x'"))")
      }
      return await databaseError { try await database.writer.run { try $0.execute(statement) } }
    }
    let raised = try #require(error)
    #expect(raised.kind == (raised.code == 1146 ? .missingTable : .constraint))
    #expect(!"\(raised)".contains("secret") && !"\(raised)".contains("9223372036854775807"))
  }

  @Test func `a repeated key names the key`() async throws {
    let error = try await withMariaDB { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a INT, UNIQUE KEY only_one (a))") }
      try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\(1))") }
      return await databaseError { try await database.writer.run { try $0.execute("INSERT INTO t VALUES (\(1))") } }
    }
    #expect(error?.message == "Duplicate entry for key 'only_one'")
  }
}

import Databases
import Testing
import VerbatimTesting

/// Types that tables made by others have.
@Suite struct PostgresTypeTests {
  private func read<Value: Sendable>(
    _ expression: String, _ decode: @escaping @Sendable (Row) -> Value
  ) async throws -> Value? {
    try await TestEngine.postgreSQL.withDatabase { database in
      try await database.read { try $0.first("SELECT \(unsafeSQL: expression)", decode) }
    }
  }

  @Test func `values of many types are read as text`() async throws {
    let expected = [
      ("CAST(-7 AS smallint)", "-7"), ("CAST(7 AS integer)", "7"), ("CAST(4000000000 AS oid)", "4000000000"),
      ("true", "true"), ("CAST('x  ' AS char(3))", "x  "), ("CAST('x' AS name)", "x"), ("CAST('é' AS varchar)", "é"),
      ("CAST(0.5 AS real)", "0.5"), ("CAST('{\"a\": 1.0}' AS json)", "{\"a\": 1.0}"),
      ("CAST('{\"a\":1.0}' AS jsonb)", "{\"a\": 1.0}"),
      ("CAST('01234567-89ab-cdef-fedc-ba9876543210' AS uuid)", "01234567-89ab-cdef-fedc-ba9876543210"),
      ("CAST('2024-02-29' AS date)", "2024-02-29"), ("CAST('1969-12-31' AS date)", "1969-12-31"),
      ("CAST('2024-12-15 10:20:30.123456' AS timestamp)", "2024-12-15 10:20:30.123456"),
      ("CAST('2024-12-15 10:20:30.5+08' AS timestamptz)", "2024-12-15 02:20:30.5+00"),
      ("CAST('1999-12-31 23:59:59.999999' AS timestamp)", "1999-12-31 23:59:59.999999"),
      ("CAST('0044-03-15 12:00:00 BC' AS timestamp)", "0044-03-15 12:00:00 BC"),
      ("CAST('infinity' AS timestamptz)", "infinity"), ("CAST('-infinity' AS date)", "-infinity"),
    ]
    let columns = expected.map(\.0).joined(separator: ", ")
    let texts = try await read(columns) { row in expected.indices.map { row.text($0) } }
    #expect(texts == expected.map(\.1))
  }

  @Test func `numerics are read as the server writes them`() async throws {
    let expected = [
      "0", "1", "-1", "10000", "100000000", "12345678901234567890123456789", "0.5", "-0.0001", "0.00010", "1.10",
      "99999.99990", "-12345.6789", "10000.0001", "0.00", "NaN", "Infinity", "-Infinity",
    ]
    let columns = expected.map { "CAST('\($0)' AS numeric)" }.joined(separator: ", ")
    let texts = try await read(columns) { row in expected.indices.map { row.text($0) } }
    #expect(texts == expected)
  }

  @Test func `a sum of integers is an integer`() async throws {
    let sums = try await read("sum(n), avg(n) FROM (VALUES (9007199254740993::bigint), (2)) AS t(n)") { row in
      (row.integer(0), row.real(1))
    }
    #expect(sums?.0 == 9_007_199_254_740_995)
    #expect(sums?.1 == 4_503_599_627_370_497.5)
  }

  @Test func `times are milliseconds, too`() async throws {
    let times = try await read(
      """
      CAST('2024-12-15 10:20:30.1239+00' AS timestamptz), CAST('2024-12-15' AS date),
      CAST('1969-12-31 23:59:59.9999+00' AS timestamptz)
      """
    ) { row in (0..<3).map { row.integer($0) } }
    #expect(times == [1_734_258_030_123, 1_734_220_800_000, -1])
  }

  @Test func `numbers of one type are read as another`() async throws {
    let values = try await read("CAST('12' AS text), CAST('1.5' AS text), 7, CAST(2.9 AS float8), true, 'x'") { row in
      ([0, 2, 3, 4, 5].map { row.integer($0) }, [1, 2, 5].map { row.real($0) })
    }
    #expect(values?.0 == [12, 7, 2, 1, 0])
    #expect(values?.1 == [1.5, 7, 0])
  }

  @Test func `values are bound as their column's type wants them`() async throws {
    let stored = try await TestEngine.postgreSQL.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          """
          CREATE TABLE t (a smallint, b integer, c numeric, d real, e boolean, f timestamptz, g jsonb, h varchar(9),
            i bytea, j uuid, k text)
          """)
        let id = SQLValue.id(high: 1, low: 2)
        try connection.execute(
          """
          INSERT INTO t VALUES (\(-7), \(7), \(1 << 60), \(0.5), \(true), \(1_734_258_030_123), \("{}"), \(12), \(id),
            \("00000000-0000-0001-0000-000000000002"), \(id))
          """)
        return try connection.first("SELECT a, b, c, d, e, f, g, h, i, j, k FROM t") { row in
          ((0..<8).map { row.text($0) } + [row.text(10)], row.id(8)?.low, row.id(9)?.high)
        }
      }
    }
    #expect(
      stored?.0 == [
        "-7", "7", "1152921504606846976", "0.5", "true", "2024-12-15 10:20:30.123+00", "{}", "12",
        "00000000-0000-0001-0000-000000000002",
      ])
    #expect(stored?.1 == 2)
    #expect(stored?.2 == 1)
  }

  @Test(
    arguments: [.integer(1 << 40), .text("secret"), .text("1\0"), .blob([1, 2]), .text("seventeen letters")]
      as [SQLValue])
  func `a value that does not fit is a constraint, and does not appear in the error`(_ value: SQLValue) async throws {
    try await TestEngine.postgreSQL.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a integer, b varchar(9))") }
      let column = value == .text("seventeen letters") ? "b" : "a"
      let error = await databaseError {
        try await database.writer.run { try $0.execute("INSERT INTO t (\(identifier: column)) VALUES (\(value))") }
      }
      let raised = try #require(error)
      #expect(raised.kind == .constraint)
      #expect(!"\(raised)".contains("secret"))
      let one = try await database.writer.run { try $0.first("SELECT 1") { $0.integer(0) } }
      #expect(one == 1)
    }
  }

  @Test func `text that is no UTF-8 is a constraint`() async throws {
    try await TestEngine.postgreSQL.withDatabase { database in
      try await database.writer.run { try $0.executeScript("CREATE TABLE t (a text)") }
      let insert = BulkInsert(into: "t", [.init("a", .text)])
      for bytes in [[0x61, 0xff], [0x61, 0]] as [[UInt8]] {
        let error = await databaseError {
          try await database.writer.run { connection in
            try connection.insert(insert, rows: 1) { _, binds in binds.text(bytes: bytes[...]) }
          }
        }
        #expect(error?.kind == .constraint)
        #expect(error?.message.contains("NUL or is no UTF-8") == true)
      }
    }
  }
}

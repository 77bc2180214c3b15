import Databases
import Testing

@Suite struct MySQLValueTests {
  private static let legacy = """
    CREATE TABLE legacy (
      small TINYINT, flag BOOLEAN, positive BIGINT UNSIGNED, price DECIMAL(20,6), ratio DOUBLE, half FLOAT, bits BIT(16),
      year_of YEAR, day DATE, moment DATETIME, exact_moment DATETIME(6), stamped TIMESTAMP(3) NULL, lasted TIME(1),
      document JSON, kind ENUM('chat', 'completion'), words LONGTEXT, narrow VARCHAR(20), raw LONGBLOB, id BINARY(16));
    INSERT INTO legacy VALUES (
      -7, TRUE, 18446744073709551615, 12345678901234.567890, 0.1, 0.5, b'0000000100000010', 2026, '2026-02-28',
      '2026-02-28 23:59:58', '2026-02-28 23:59:58.012345', '2026-02-28 23:59:58.012', '-01:02:03.4', '{"a": 1}',
      'completion', 'words', 'é😀', x'00ff', x'0123456789abcdef0123456789abcdef');
    INSERT INTO legacy VALUES ();
    """

  @Test func `columns of every type read as text, as legacy tables have them`() async throws {
    let texts = try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript(Self.legacy)
        return try connection.first("SELECT * FROM legacy") { row in (0..<18).map { row.text($0) } }
      }
    }
    #expect(
      texts == [
        "-7", "1", "18446744073709551615", "12345678901234.567890", "0.1", "0.5", "\u{1}\u{2}", "2026", "2026-02-28",
        "2026-02-28 23:59:58", "2026-02-28 23:59:58.012345", "2026-02-28 23:59:58.012", "-01:02:03.4", #"{"a": 1}"#,
        "completion", "words", "é😀", "\0\u{FFFD}",
      ])
  }

  @Test func `columns of every type read as numbers where they are some`() async throws {
    let (integers, reals, id) = try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript(Self.legacy)
        let integers = try connection.first("SELECT small, flag, positive, price, ratio, bits, year_of FROM legacy") {
          row in (0..<7).map { row.integer($0) }
        }
        let reals = try connection.first("SELECT small, price, ratio, half FROM legacy") { row in
          (0..<4).map { row.real($0) }
        }
        return (integers, reals, try connection.first("SELECT id FROM legacy") { $0.id(0)?.high })
      }
    }
    #expect(integers == [-7, 1, .max, 12_345_678_901_234, 0, 258, 2026])
    #expect(reals == [-7, 12345678901234.567890, 0.1, 0.5])
    #expect(id == 0x0123_4567_89ab_cdef)
  }

  @Test func `columns of every type can be null`() async throws {
    let isNull = try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript(Self.legacy)
        return try connection.query("SELECT * FROM legacy") { row in
          (0..<19).map { row.isNull($0) && row.text($0) == "" && row.bytes($0) == nil && row.integer($0) == 0 }
        }
      }
    }
    #expect(isNull == [Array(repeating: false, count: 19), Array(repeating: true, count: 19)])
  }

  @Test(arguments: [true, false])
  func `bulk inserts keep every kind of value`(_ usesBulk: Bool) async throws {
    let insert = BulkInsert(
      into: "t",
      [
        .init("n", .integer), .init("a", .integer), .init("b", .real), .init("c", .text), .init("d", .blob),
        .init("e", .id),
      ])
    let texts = ["", "a\0b", "it's \\ \"quoted\" ?", "😀天气", String(repeating: "long ", count: 100_000)]
    try await withMariaDB({ $0.usesBulk = usesBulk }) { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          "CREATE TABLE t (n BIGINT, a BIGINT, b DOUBLE, c LONGTEXT, d LONGBLOB, e BINARY(16))")
        let rows = 700
        let count = try connection.insert(insert, rows: rows) { row, binds in
          binds.integer(Int64(row))
          binds.integer(row % 7 == 0 ? nil : Int64.min + Int64(row))
          binds.real(row % 5 == 0 ? nil : Double(row) + 0.25)
          binds.text(row % 3 == 0 ? nil : row == 1 ? texts[4] : texts[row % 4])
          binds.blob(row % 2 == 0 ? nil : [0, 255, UInt8(row % 256)])
          if row % 11 == 0 { binds.null() } else { binds.id(UInt64(row), .max) }
        }
        #expect(count == rows)
        var row = 0
        try connection.forEachRow("SELECT n, a, b, c, d, e FROM t ORDER BY n") { stored in
          #expect(stored.integer(0) == Int64(row))
          #expect(stored.optionalInteger(1) == (row % 7 == 0 ? nil : Int64.min + Int64(row)))
          #expect(stored.optionalReal(2) == (row % 5 == 0 ? nil : Double(row) + 0.25))
          #expect(stored.optionalText(3) == (row % 3 == 0 ? nil : row == 1 ? texts[4] : texts[row % 4]))
          #expect(stored.bytes(4).map(Array.init) == (row % 2 == 0 ? nil : [0, 255, UInt8(row % 256)]))
          #expect(stored.id(5)?.high == (row % 11 == 0 ? nil : UInt64(row)))
          row += 1
          return true
        }
        #expect(row == rows)
      }
    }
  }

  @Test func `text compares byte by byte, trailing spaces and letter case included`() async throws {
    let answers = try await withMariaDB { database in
      try await database.writer.run { connection in
        try connection.executeScript(
          """
          CREATE TABLE t (k VARCHAR(255) COLLATE utf8mb4_nopad_bin PRIMARY KEY);
          INSERT INTO t VALUES ('a'), ('a '), ('A')
          """)
        return try ["a", "a ", "A", "á"].map { text in
          try connection.first("SELECT count(*) FROM t WHERE k = \(text)") { $0.integer(0) }
        }
      }
    }
    #expect(answers == [1, 1, 1, 0])
  }
}

import Databases
import Testing
import VerbatimTesting

@Suite struct BulkInsertTests {
  private static let kinds = BulkInsert(
    into: "t",
    [
      .init("a", .integer), .init("b", .real), .init("c", .text), .init("d", .text), .init("e", .blob),
      .init("f", .id), .init("g", .integer),
    ])

  private static let counters: [BulkInsert.Column] = [
    .init("k", .text), .init("n", .integer), .init("low", .integer), .init("high", .integer), .init("last", .text),
    .init("first", .text),
  ]

  private static let createCounters = """
    CREATE TABLE t (k VARCHAR(100) PRIMARY KEY, n INTEGER, low INTEGER, high INTEGER, last TEXT, first TEXT)
    """

  @Test(arguments: TestEngine.allCases)
  func `values of every kind go in, empty and absent ones apart`(_ engine: TestEngine) async throws {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (\(Self.kinds.definition(on: engine)))")
        try connection.insert(Self.kinds, rows: 2) { row, binds in
          binds.integer(row == 0 ? .min : nil)
          binds.real(row == 0 ? 0.5 : nil)
          binds.text(row == 0 ? "" : nil)
          binds.text(bytes: row == 0 ? [] : nil)
          binds.blob(row == 0 ? [] : nil)
          binds.id(1, UInt64.max)
          binds.null()
        }
        let rows = try connection.query("SELECT a, b, c, d, e, f, g FROM t ORDER BY a IS NULL") { row in
          (0...6).map { row.isNull($0) }
        }
        #expect(
          rows == [[false, false, false, false, false, false, true], [true, true, true, true, true, false, true]])
        let id = try connection.first("SELECT f FROM t") { row in row.id(0) }
        #expect(id??.high == 1 && id??.low == .max)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows that are there are kept, and it is told which`(_ engine: TestEngine) async throws {
    let insert = BulkInsert(into: "t", [.init("k", .text), .init("n", .integer)], onConflict: .keep(key: ["k"]))
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript(Self.createCounters)
        try connection.execute("INSERT INTO t (k, n) VALUES (\("b"), \(7))")
        var conflicted: [Int] = []
        let new = try connection.insert(
          insert, rows: 3,
          bind: { row, binds in
            binds.text(["a", "b", "c"][row])
            binds.integer(Int64(row))
          }, conflicted: { conflicted.append($0) })
        #expect(new == 2)
        #expect(try conflicted == (connection.dialect().reportsConflicts ? [1] : []))
        let stored = try connection.query("SELECT n FROM t ORDER BY k") { $0.integer(0) }
        #expect(stored == [0, 7, 2])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows that are there change as each column says`(_ engine: TestEngine) async throws {
    let insert = BulkInsert(
      into: "t", Self.counters,
      onConflict: .update(
        key: ["k"],
        changes: [
          .init("n", .add), .init("low", .minimum), .init("high", .maximum), .init("last", .replace),
        ]))
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript(Self.createCounters)
        for name in ["one", "two"] {
          try connection.insert(insert, rows: 2) { row, binds in
            binds.text(["a", "b"][row])
            binds.integer(5)
            binds.integer(name == "one" ? 3 : 4)
            binds.integer(name == "one" ? 3 : 4)
            binds.text(name)
            binds.text(name)
          }
        }
        let stored = try connection.query("SELECT k, n, low, high, last, first FROM t ORDER BY k") { row in
          "\(row.text(0)) \(row.integer(1)) \(row.integer(2)) \(row.integer(3)) \(row.text(4)) \(row.text(5))"
        }
        #expect(stored == ["a 10 3 4 two one", "b 10 3 4 two one"])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a key that is there fails where nothing else was said, and nothing stays`(_ engine: TestEngine) async throws {
    let insert = BulkInsert(into: "t", [.init("k", .text), .init("n", .integer)])
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript(Self.createCounters) }
      try await database.writer.run { try $0.execute("INSERT INTO t (k, n) VALUES (\("b"), \(7))") }
      let error = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.insert(insert, rows: 2) { row, binds in
              binds.text(["a", "b"][row])
              binds.integer(1)
            }
          }
        }
      }
      #expect(error?.kind == .constraint)
      let stored = try await database.read { try $0.query("SELECT n FROM t") { $0.integer(0) } }
      #expect(stored == [7])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `hundreds of rows go in as they are, also after some that failed`(_ engine: TestEngine) async throws {
    let insert = BulkInsert(into: "t", Self.kinds.columns)
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (\(Self.kinds.definition(on: engine)), UNIQUE (a))")
      }
      let fill: @Sendable (isolated Connection, _ repeats: Bool) throws -> Void = { connection, repeats in
        try connection.insert(insert, rows: 300) { row, binds in
          binds.integer(row == 299 && repeats ? 0 : Int64(row))
          binds.real(Double(row) / 4)
          binds.text(row % 3 == 0 ? nil : "文字 \(row)")
          binds.text(bytes: Array("\\N\t\(row)\n".utf8)[...])
          binds.blob([0, UInt8(row % 256), 0xFF])
          binds.id(UInt64(row), .max)
          binds.null()
        }
      }
      let error = await databaseError {
        try await database.writer.run { connection in try connection.transaction { try fill(connection, true) } }
      }
      #expect(error?.kind == .constraint)
      try await database.writer.run { connection in try connection.transaction { try fill(connection, false) } }
      let rows = try await database.read { connection in
        try connection.query("SELECT a, b, c, d, e, f, g FROM t ORDER BY a") { row in
          let row = (
            row.integer(0), row.real(1), row.optionalText(2), row.text(3), row.bytes(4).map(Array.init),
            row.id(5)?.high,
            row.isNull(6)
          )
          return row.0 == Int64(row.1 * 4) && row.2 == (row.0 % 3 == 0 ? nil : "文字 \(row.0)")
            && row.3 == "\\N\t\(row.0)\n" && row.4 == [0, UInt8(row.0 % 256), 0xFF] && row.5 == UInt64(row.0) && row.6
        }
      }
      #expect(rows.count == 300 && rows.allSatisfy { $0 })
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a name that is no identifier and a value too few are refused`(_ engine: TestEngine) async throws {
    let misnamed = BulkInsert(into: "t\"; DROP TABLE t; --", [.init("k", .text)])
    let insert = BulkInsert(into: "t", [.init("k", .text), .init("n", .integer)])
    try await engine.withDatabase { database in
      try await database.writer.run { try $0.executeScript(Self.createCounters) }
      let first = await databaseError {
        try await database.writer.run { connection in
          try connection.insert(misnamed, rows: 1) { _, binds in binds.text("a") }
        }
      }
      #expect(first?.kind == .statement)
      let second = await databaseError {
        try await database.writer.run { connection in
          try connection.insert(insert, rows: 1) { _, binds in binds.text("a") }
        }
      }
      #expect(second?.kind == .statement)
      let third = await databaseError {
        try await database.writer.run { connection in
          try connection.transaction {
            try connection.insert(insert, rows: 40) { row, binds in
              binds.text("\(row)")
              if row < 39 { binds.integer(1) }
            }
          }
        }
      }
      #expect(third?.kind == .statement)
      #expect(try await database.read { try $0.first("SELECT count(*) FROM t") { $0.integer(0) } } == 0)
    }
  }
}

extension BulkInsert {
  /// The columns as `CREATE TABLE` lists them.
  fileprivate func definition(on engine: TestEngine) -> String {
    columns.map { "\($0.name) \(engine.type($0.type))" }.joined(separator: ", ")
  }
}

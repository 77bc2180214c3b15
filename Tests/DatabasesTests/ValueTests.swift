import Databases
import Testing
import VerbatimTesting

@Suite struct ValueTests {
  /// Stores one value in a column of that type and reads it back.
  private func roundTrip<Value: Sendable>(
    _ value: some SQLBindable & Sendable, _ type: BulkInsert.ColumnType, on engine: TestEngine,
    _ decode: @Sendable (Row) -> Value
  ) async throws -> Value? {
    try await engine.withDatabase { database in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (v \(engine.type(type)))")
        try connection.execute("INSERT INTO t (v) VALUES (\(value))")
        return try connection.first("SELECT v FROM t", decode)
      }
    }
  }

  @Test(arguments: TestEngine.allCases, [Int64.min, -1, 0, 1, (1 << 53) + 1, Int64.max] as [Int64])
  func `an integer comes back exactly`(_ engine: TestEngine, _ value: Int64) async throws {
    #expect(try await roundTrip(value, .integer, on: engine) { $0.integer(0) } == value)
  }

  @Test(
    arguments: TestEngine.allCases,
    [-Double.greatestFiniteMagnitude, -0.1, 0, .leastNormalMagnitude, .greatestFiniteMagnitude] as [Double])
  func `a real number comes back exactly`(_ engine: TestEngine, _ value: Double) async throws {
    #expect(try await roundTrip(value, .real, on: engine) { $0.real(0) } == value)
  }

  @Test(
    arguments: TestEngine.allCases,
    [
      "", "a", "exactly sixteen.", "seventeen letters", "😀👩‍👩‍👧‍👦", "天气如何", "it's \"quoted\"; --",
    ])
  func `text comes back exactly`(_ engine: TestEngine, _ text: String) async throws {
    let stored = try await roundTrip(text, .text, on: engine) { row in
      var bytes = Array("before".utf8)
      let isThere = row.append(0, to: &bytes)
      return (row.isNull(0), row.text(0), row.bytes(0), appended: isThere ? bytes : [], isA: row.isText(0, "a"))
    }
    #expect(stored?.appended == Array("before\(text)".utf8))
    #expect(stored?.isA == (text == "a"))
    #expect(stored?.0 == false)
    #expect(stored?.1 == text)
    #expect(stored?.2.map(Array.init) == Array(text.utf8))
  }

  @Test(arguments: TestEngine.allCases, ["nul \0 inside", "\0"])
  func `text with a NUL comes back exactly or is refused, never cut`(_ engine: TestEngine, _ text: String) async throws
  {
    do {
      #expect(try await roundTrip(text, .text, on: engine) { $0.text(0) } == text)
    } catch let error as DatabaseError {
      #expect(engine == .postgreSQL)
      #expect(error.kind == .constraint)
      #expect(error.message.contains("NUL"))
    }
  }

  @Test(arguments: TestEngine.allCases, [[], [0], [0xff, 0xfe, 0xc3, 0x28, 0]] as [[UInt8]])
  func `a blob comes back exactly`(_ engine: TestEngine, _ bytes: [UInt8]) async throws {
    let stored = try await roundTrip(bytes, .blob, on: engine) { ($0.isNull(0), $0.bytes(0).map(Array.init)) }
    #expect(stored?.0 == false)
    #expect(stored?.1 == bytes)
  }

  @Test(arguments: TestEngine.allCases)
  func `ten million bytes come back exactly`(_ engine: TestEngine) async throws {
    let bytes = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let blobIsEqual = try await roundTrip(bytes, .blob, on: engine) { $0.bytes(0).map(Array.init) } == bytes
    #expect(blobIsEqual)
    let text = String(repeating: "長い!", count: 1_500_000)
    let textIsEqual = try await roundTrip(text, .text, on: engine) { $0.text(0) } == text
    #expect(textIsEqual)
  }

  @Test(arguments: TestEngine.allCases)
  func `a slice from the middle of an array is bound as that slice`(_ engine: TestEngine) async throws {
    let bytes = Array("before天after".utf8)
    #expect(try await roundTrip(bytes[6..<9], .blob, on: engine) { $0.bytes(0).map(Array.init) } == Array("天".utf8))
    #expect(try await roundTrip(bytes[6..<6], .blob, on: engine) { $0.bytes(0)?.count } == 0)
  }

  @Test(arguments: TestEngine.allCases)
  func `an absent value is null`(_ engine: TestEngine) async throws {
    let stored = try await roundTrip(String?.none, .text, on: engine) { row in
      row.isNull(0) && row.optionalText(0) == nil && row.bytes(0) == nil && row.optionalInteger(0) == nil
        && row.optionalReal(0) == nil && row.id(0) == nil && row.text(0) == "" && row.integer(0) == 0
        && !row.isText(0, "")
    }
    #expect(stored == true)
    let appended = try await roundTrip(String?.none, .text, on: engine) { row in
      var bytes: [UInt8] = []
      return row.append(0, to: &bytes) || !bytes.isEmpty
    }
    #expect(appended == false)
    #expect(try await roundTrip(Int32?.some(7), .integer, on: engine) { $0.optionalInteger(0) } == 7)
  }

  @Test(arguments: TestEngine.allCases)
  func `an id is sixteen bytes, big-endian`(_ engine: TestEngine) async throws {
    let id = SQLValue.id(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    let stored = try await roundTrip(id, .id, on: engine) { row in
      (row.bytes(0).map(Array.init), row.id(0)?.high, row.id(0)?.low)
    }
    #expect(stored?.0 == [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10])
    #expect(stored?.1 == 0x0123_4567_89ab_cdef)
    #expect(stored?.2 == 0xfedc_ba98_7654_3210)
    #expect(try await roundTrip([UInt8](repeating: 1, count: 15), .blob, on: engine) { $0.id(0) == nil } == true)
  }

  @Test(arguments: TestEngine.allCases)
  func `bytes that are no UTF-8 read as replacement characters, never trap`(_ engine: TestEngine) async throws {
    #expect(try await roundTrip([UInt8]([0x61, 0xff, 0x62]), .blob, on: engine) { $0.text(0) } == "a\u{FFFD}b")
  }

  @Test(arguments: TestEngine.allCases)
  func `a column that does not exist reads as null`(_ engine: TestEngine) async throws {
    let isNull = try await roundTrip(1, .integer, on: engine) { row in
      row.isNull(7) && row.text(-1) == "" && row.bytes(99) == nil
    }
    #expect(isNull == true)
  }
}

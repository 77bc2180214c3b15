import Databases
import Testing

@Suite struct ValueTests {
  /// Stores one value in a column without a type and reads it back.
  private func roundTrip<Value: Sendable>(
    _ value: some SQLBindable & Sendable, _ decode: @Sendable (Row) -> Value
  ) async throws -> Value? {
    try await withDatabase { database, _ in
      try await database.writer.run { connection in
        try connection.executeScript("CREATE TABLE t (v)")
        try connection.execute("INSERT INTO t (v) VALUES (\(value))")
        return try connection.first("SELECT v FROM t", decode)
      }
    }
  }

  @Test(arguments: [Int64.min, -1, 0, 1, (1 << 53) + 1, Int64.max] as [Int64])
  func `an integer comes back exactly`(_ value: Int64) async throws {
    #expect(try await roundTrip(value) { $0.integer(0) } == value)
  }

  @Test(arguments: [-Double.greatestFiniteMagnitude, -0.1, 0, .leastNonzeroMagnitude, .infinity] as [Double])
  func `a real number comes back exactly`(_ value: Double) async throws {
    #expect(try await roundTrip(value) { $0.real(0) } == value)
  }

  @Test(arguments: [
    "", "a", "exactly sixteen.", "seventeen letters", "nul \0 inside", "\0", "😀👩‍👩‍👧‍👦", "天气如何", "it's \"quoted\"; --",
  ])
  func `text comes back exactly`(_ text: String) async throws {
    let stored = try await roundTrip(text) { ($0.isNull(0), $0.text(0), $0.bytes(0)) }
    #expect(stored?.0 == false)
    #expect(stored?.1 == text)
    #expect(stored?.2.map(Array.init) == Array(text.utf8))
  }

  @Test(arguments: [[], [0], [0xff, 0xfe, 0xc3, 0x28, 0]] as [[UInt8]])
  func `a blob comes back exactly`(_ bytes: [UInt8]) async throws {
    let stored = try await roundTrip(bytes) { ($0.isNull(0), $0.bytes(0).map(Array.init)) }
    #expect(stored?.0 == false)
    #expect(stored?.1 == bytes)
  }

  @Test func `ten million bytes come back exactly`() async throws {
    let bytes = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let blobIsEqual = try await roundTrip(bytes) { $0.bytes(0).map(Array.init) } == bytes
    #expect(blobIsEqual)
    let text = String(repeating: "長い\0", count: 1_500_000)
    let textIsEqual = try await roundTrip(text) { $0.text(0) } == text
    #expect(textIsEqual)
  }

  @Test func `text and blobs keep their type`() async throws {
    let types = try await withDatabase { database, _ in
      try await database.read { connection in
        try connection.first(
          "SELECT typeof(\([UInt8](arrayLiteral: 65))), typeof(\("A")), typeof(\(true))"
        ) { row in (0..<3).map { row.text($0) } }
      }
    }
    #expect(types == ["blob", "text", "integer"])
  }

  @Test func `a slice from the middle of an array is bound as that slice`() async throws {
    let bytes = Array("before天after".utf8)
    #expect(try await roundTrip(bytes[6..<9]) { $0.bytes(0).map(Array.init) } == Array("天".utf8))
    #expect(try await roundTrip(bytes[6..<6]) { $0.bytes(0)?.count } == 0)
  }

  @Test func `an absent value is null`() async throws {
    let stored = try await roundTrip(String?.none) { row in
      row.isNull(0) && row.optionalText(0) == nil && row.bytes(0) == nil && row.optionalInteger(0) == nil
        && row.optionalReal(0) == nil && row.id(0) == nil && row.text(0) == "" && row.integer(0) == 0
    }
    #expect(stored == true)
    #expect(try await roundTrip(Int32?.some(7)) { $0.optionalInteger(0) } == 7)
  }

  @Test func `an id is sixteen bytes, big-endian`() async throws {
    let id = SQLValue.id(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    let stored = try await roundTrip(id) { ($0.bytes(0).map(Array.init), $0.id(0)?.high, $0.id(0)?.low) }
    #expect(stored?.0 == [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10])
    #expect(stored?.1 == 0x0123_4567_89ab_cdef)
    #expect(stored?.2 == 0xfedc_ba98_7654_3210)
    #expect(try await roundTrip([UInt8](repeating: 1, count: 15)) { $0.id(0) == nil } == true)
  }

  @Test func `bytes that are no UTF-8 read as replacement characters, never trap`() async throws {
    #expect(try await roundTrip([UInt8]([0x61, 0xff, 0x62])) { $0.text(0) } == "a\u{FFFD}b")
  }

  @Test func `a column that does not exist reads as null`() async throws {
    #expect(try await roundTrip(1) { $0.isNull(7) && $0.text(-1) == "" && $0.bytes(99) == nil } == true)
  }
}

/// The values of one run of a statement, each in the form that its parameter's type wants, one behind the other.
struct PostgresParameters {
  private struct Place {
    /// Nil for null.
    var offset: Int?
    var length: Int32 = 0
    var isBinary = true
  }

  /// Buffers larger than this are not kept for the next run.
  private static let keptSize = 1 << 20

  private var buffer: [UInt8] = []
  private var places: [Place] = []
  /// The first value that could not be taken, and why.
  private(set) var failure: String?

  var count: Int { places.count }
  /// Bytes of all of them.
  var size: Int { buffer.count }

  mutating func removeAll() {
    buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptSize)
    places.removeAll(keepingCapacity: true)
    failure = nil
  }

  mutating func appendNull() { places.append(Place()) }

  mutating func append(_ value: Int64, as type: PostgresType) {
    switch type {
    case .integer64: appendBinary(value)
    case .integer32: appendNarrow(Int32(exactly: value), value)
    case .integer16: appendNarrow(Int16(exactly: value), value)
    case .objectIdentifier: appendNarrow(UInt32(exactly: value), value)
    case .real64: appendBinary(Double(value).bitPattern)
    case .boolean: appendBinary(UInt8(value == 0 ? 0 : 1))
    case .timestamp, .timestampWithZone: append(milliseconds: value)
    default: append(literal: String(value), as: type)
    }
  }

  mutating func append(_ value: Double, as type: PostgresType) {
    switch type {
    case .real64: appendBinary(value.bitPattern)
    case .real32: appendBinary(Float(value).bitPattern)
    default: append(literal: "\(value)", as: type)
    }
  }

  /// The server refuses a NUL and what is no UTF-8.
  mutating func append(text value: UnsafeRawBufferPointer, as type: PostgresType) {
    if type.isText || type == .bytes { return append(value) }
    guard !value.contains(0) else { return fail("text for a value of another type holds a NUL") }
    append(value, isBinary: false)
  }

  mutating func append(blob value: UnsafeRawBufferPointer, as type: PostgresType) {
    guard type == .bytes || type.isText || (type == .uuid && value.count == 16) else {
      return fail("\(value.count) bytes do not fit a value of type \(type.rawValue)")
    }
    append(value)
  }

  mutating func append(id high: UInt64, _ low: UInt64, as type: PostgresType) {
    guard type == .uuid || type == .bytes else {
      return append(literal: postgresUUIDText(high: high, low: low), as: type)
    }
    let offset = buffer.count
    buffer.append(bigEndian: high)
    buffer.append(bigEndian: low)
    places.append(Place(offset: offset, length: 16))
  }

  /// Calls `body` with what libpq wants: pointers, lengths and forms.
  func withPointers<Result>(
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
  ) -> Result {
    let (lengths, forms) = (places.map(\.length), places.map { Int32($0.isBinary ? 1 : 0) })
    return buffer.withUnsafeBytes { buffer in
      let start = buffer.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) } ?? postgresNoBytes
      let pointers = places.map { place in place.offset.map { start + $0 } }
      return body(pointers, lengths, forms)
    }
  }

  // MARK: Forms

  private mutating func appendBinary(_ value: some FixedWidthInteger) {
    places.append(Place(offset: buffer.count, length: Int32(value.bitWidth / 8)))
    buffer.append(bigEndian: value)
  }

  private mutating func appendNarrow(_ value: (some FixedWidthInteger)?, _ given: Int64) {
    guard let value else { return fail("an integer is out of the range of its column or parameter") }
    appendBinary(value)
  }

  private mutating func append(milliseconds value: Int64) {
    let (shifted, hasOverflown) = value.subtractingReportingOverflow(PostgresTime.epoch)
    let (microseconds, isTooLarge) = shifted.multipliedReportingOverflow(by: 1000)
    guard !hasOverflown, !isTooLarge else { return fail("a time is out of range") }
    appendBinary(microseconds)
  }

  private mutating func append(literal: String, as type: PostgresType) {
    var literal = literal
    literal.withUTF8 { append(UnsafeRawBufferPointer($0), isBinary: type.isText) }
  }

  /// A value that is not binary ends with a NUL for libpq.
  private mutating func append(_ bytes: UnsafeRawBufferPointer, isBinary: Bool = true) {
    guard let length = Int32(exactly: bytes.count) else { return fail("a value is larger than 2 GB") }
    places.append(Place(offset: buffer.count, length: length, isBinary: isBinary))
    buffer.append(contentsOf: bytes)
    if !isBinary { buffer.append(0) }
  }

  private mutating func fail(_ message: String) {
    failure = failure ?? message
    appendNull()
  }
}

/// Where values without bytes point to: a null pointer would say NULL.
nonisolated(unsafe) let postgresNoBytes = UnsafeRawPointer(("" as StaticString).utf8Start)
  .assumingMemoryBound(to: CChar.self)

extension [UInt8] {
  mutating func append(bigEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }
}

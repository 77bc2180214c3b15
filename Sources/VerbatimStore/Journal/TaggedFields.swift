import VerbatimModel

/// What a journal's entry is made of: fields one after the other, each a tag of one byte, a length (seven bits a byte,
/// the lowest first) and that many bytes. A field that is nil is left out; an empty one is not.
struct TaggedFields {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ tag: UInt8, _ value: some Collection<UInt8>) {
    bytes.append(tag)
    var length = UInt64(value.count)
    while length >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
      length >>= 7
    }
    bytes.append(UInt8(length))
    bytes.append(contentsOf: value)
  }

  mutating func add(_ tag: UInt8, bytes: Bytes?) {
    if let bytes { add(tag, bytes) }
  }

  mutating func add(_ tag: UInt8, text: String?) {
    if let text { add(tag, text.utf8) }
  }

  /// Eight bytes, the lowest first.
  mutating func add(_ tag: UInt8, integer: Int64?) {
    guard let integer else { return }
    withUnsafeBytes(of: integer.littleEndian) { add(tag, $0) }
  }

  mutating func add(_ tag: UInt8, _ fields: TaggedFields) { add(tag, fields.bytes) }
}

/// Why an entry cannot be read.
struct DamagedEntry: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// Reads fields in the order in which they were written.
struct TaggedFieldReader {
  private var rest: Bytes

  init(_ bytes: Bytes) { rest = bytes }

  /// nil at the end.
  mutating func next() throws(DamagedEntry) -> TaggedField? {
    guard let tag = rest.popFirst() else { return nil }
    var length: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      guard let byte = rest.popFirst(), shift < 63 else { throw DamagedEntry("a field's length is cut off") }
      length |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte & 0x80 == 0 { break }
    }
    guard length <= UInt64(rest.count) else { throw DamagedEntry("a field is cut off") }
    let value: Bytes = rest.prefix(Int(length))
    rest = rest.dropFirst(Int(length))
    return TaggedField(tag: tag, bytes: value)
  }
}

/// A field that was read.
struct TaggedField {
  let tag: UInt8
  let bytes: Bytes

  var text: String { bytes.string }

  func integer() throws(DamagedEntry) -> Int64 {
    guard bytes.count == 8 else { throw DamagedEntry("a number is not of 8 bytes") }
    return Int64(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) })
  }

  func id() throws(DamagedEntry) -> UUIDv7 {
    guard let id = UUIDv7(bytes: bytes) else { throw DamagedEntry("an id is not of version 7") }
    return id
  }

  /// A choice by its raw text.
  func choice<Choice: RawRepresentable>(of _: Choice.Type) throws(DamagedEntry) -> Choice
  where Choice.RawValue == String {
    guard let choice = Choice(rawValue: text) else { throw DamagedEntry("a choice is not known") }
    return choice
  }
}

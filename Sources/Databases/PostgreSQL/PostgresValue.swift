/// A value of a row in its binary form, valid as long as the row.
///
/// Forms: https://github.com/postgres/postgres/tree/REL_15_STABLE/src/backend/utils/adt, the functions named `…send`.
struct PostgresValue {
  private let type: PostgresType
  private let raw: UnsafeRawBufferPointer

  init(_ type: PostgresType, _ bytes: UnsafeRawBufferPointer) {
    self.type = type
    raw = bytes
  }

  /// 0 for what is no number; times as milliseconds since 1970. What comes after the point is cut off.
  var integer: Int64 {
    switch type.content {
    case .integer, .boolean: return wholeNumber
    case .real: return Int64(exactly: real.rounded(.towardZero)) ?? 0
    case .timestamp, .date: return PostgresTime(type, wholeNumber).milliseconds
    default: return Int64(text.prefix { $0 != "." }) ?? 0
    }
  }

  /// 0 for what is no number.
  var real: Double {
    switch type.content {
    case .real where raw.count == 4: return Double(Float(bitPattern: raw.bigEndian(at: 0)))
    case .real: return Double(bitPattern: raw.bigEndian(at: 0))
    case .integer, .boolean, .timestamp, .date: return Double(integer)
    default: return Double(text) ?? 0
    }
  }

  /// Numbers and times as the server would write them; bytes as UTF-8, repaired.
  var text: String {
    switch type.content {
    case .integer: String(wholeNumber)
    case .boolean: wholeNumber == 0 ? "false" : "true"
    case .real: "\(real)"
    case .numeric: PostgresNumeric(raw).description
    case .uuid: postgresUUIDText(high: raw.bigEndian(at: 0), low: raw.bigEndian(at: 8))
    case .timestamp, .date: PostgresTime(type, wholeNumber).description
    case .bytes, .jsonBinary, .other: String(decoding: plain, as: UTF8.self)
    }
  }

  /// A text's or blob's bytes; of anything else those of its text.
  var bytes: ArraySlice<UInt8> {
    switch type.content {
    case .bytes, .uuid, .jsonBinary, .other: ArraySlice(plain)
    default: ArraySlice(text.utf8)
    }
  }

  var id: (high: UInt64, low: UInt64)? {
    guard type == .uuid || type == .bytes, raw.count == 16 else { return nil }
    return (raw.bigEndian(at: 0), raw.bigEndian(at: 8))
  }

  /// `jsonb` begins with the number of its version.
  private var plain: UnsafeRawBufferPointer {
    type == .jsonBinary ? UnsafeRawBufferPointer(rebasing: raw.dropFirst()) : raw
  }

  private var wholeNumber: Int64 {
    switch raw.count {
    case 8: raw.bigEndian(at: 0)
    case 4 where type == .objectIdentifier: Int64(raw.bigEndian(at: 0) as UInt32)
    case 4: Int64(raw.bigEndian(at: 0) as Int32)
    case 2: Int64(raw.bigEndian(at: 0) as Int16)
    case 1: Int64(raw[0])
    default: 0
    }
  }
}

extension UnsafeRawBufferPointer {
  /// 0 where there are not as many bytes.
  func bigEndian<Number: FixedWidthInteger>(at offset: Int) -> Number {
    guard offset + Number.bitWidth / 8 <= count else { return 0 }
    return Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
  }
}

/// `01234567-89ab-cdef-fedc-ba9876543210`
func postgresUUIDText(high: UInt64, low: UInt64) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  text.reserveCapacity(36)
  for position in 0..<32 {
    if [8, 12, 16, 20].contains(position) { text.append(45) }
    let half = position < 16 ? high : low
    text.append(digits[Int(half >> (60 - 4 * UInt64(position % 16)) & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

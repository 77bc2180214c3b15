/// A code point and where it stands.
struct DecodedScalar {
  let value: UInt32
  let start: Int
  let end: Int
}

/// The code points of UTF-8; what is none comes as U+FFFD, a byte at a time.
struct ScalarDecoder {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0

  init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

  @inline(__always) mutating func next() -> DecodedScalar? {
    guard position < text.count else { return nil }
    let start: Int = position
    let first = UInt32(text[start])
    if first < 0x80 {
      position = start + 1
      return DecodedScalar(value: first, start: start, end: position)
    }
    let (length, bits): (Int, UInt32) =
      switch first {
      case 0xC2...0xDF: (2, first & 0x1F)
      case 0xE0...0xEF: (3, first & 0x0F)
      case 0xF0...0xF4: (4, first & 0x07)
      default: (1, 0xFFFD)
      }
    guard length > 1, start + length <= text.count else { return invalid(at: start) }
    var value: UInt32 = bits
    for index in start + 1..<start + length {
      let byte = UInt32(text[index])
      guard byte & 0xC0 == 0x80 else { return invalid(at: start) }
      value = value << 6 | byte & 0x3F
    }
    position = start + length
    return DecodedScalar(value: value, start: start, end: position)
  }

  private mutating func invalid(at start: Int) -> DecodedScalar {
    position = start + 1
    return DecodedScalar(value: 0xFFFD, start: start, end: position)
  }
}

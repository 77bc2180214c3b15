/// A time-ordered id: RFC 9562 version 7, 48 bits of Unix milliseconds, then 74 bits that ascend within one millisecond.
package struct UUIDv7: Hashable, Comparable, Sendable {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package static func < (left: UUIDv7, right: UUIDv7) -> Bool {
    left.high != right.high ? left.high < right.high : left.low < right.low
  }
}

extension UUIDv7 {
  /// The largest time that 48 bits hold, in the year 10889.
  package static let maximumMilliseconds: Int64 = 1 << 48 - 1

  static let version: UInt64 = 0x7000
  static let variant: UInt64 = 0b10 << 62
  static let lowTailMask: UInt64 = 1 << 62 - 1
  static let highTailMask: UInt64 = 0xfff

  /// Times before 1970 count as 0, times past `maximumMilliseconds` as that.
  init(milliseconds: Int64, highTail: UInt64, lowTail: UInt64) {
    let time = UInt64(min(max(milliseconds, 0), Self.maximumMilliseconds))
    self.init(
      high: time << 16 | Self.version | highTail & Self.highTailMask, low: Self.variant | lowTail & Self.lowTailMask)
  }

  /// The lowest id of a millisecond.
  package static func lowest(at milliseconds: Int64) -> UUIDv7 {
    UUIDv7(milliseconds: milliseconds, highTail: 0, lowTail: 0)
  }

  /// An id that follows from what it is made of: 40 bits of a number, 20 of a tag, and room for 2^14 ids after it.
  package static func derived(at milliseconds: Int64, number: UInt64, tag: UInt64) -> UUIDv7 {
    UUIDv7(
      milliseconds: milliseconds, highTail: number >> 28,
      lowTail: (number & 0xfff_ffff) << 34 | (tag & 0xf_ffff) << 14)
  }

  /// Unix milliseconds, UTC.
  package var milliseconds: Int64 { Int64(high >> 16) }

  /// The id `count` further on: it carries through the tail past version and variant, and at the tail's end into the time.
  package func adding(_ count: UInt64) -> UUIDv7 {
    let (sum, overflows) = (low & Self.lowTailMask).addingReportingOverflow(count)
    let carry = sum >> 62 + (overflows ? 4 : 0)
    let highTail = high & Self.highTailMask + carry
    let time = high >> 16 + highTail >> 12
    return UUIDv7(
      high: time << 16 | Self.version | highTail & Self.highTailMask, low: Self.variant | sum & Self.lowTailMask)
  }

  /// The id that `adding` with the same count leads back from.
  package func subtracting(_ count: UInt64) -> UUIDv7 {
    let lowTail = low & Self.lowTailMask
    if lowTail >= count { return UUIDv7(high: high, low: Self.variant | (lowTail - count)) }
    let rest = Self.variant | (lowTail &+ (Self.lowTailMask + 1) &- count) & Self.lowTailMask
    guard high & Self.highTailMask == 0 else { return UUIDv7(high: high - 1, low: rest) }
    return UUIDv7(high: (high >> 16 &- 1) << 16 | Self.version | Self.highTailMask, low: rest)
  }
}

extension UUIDv7 {
  /// 16 big-endian bytes, as databases keep them.
  package var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      raw.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
      raw.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      count = 16
    }
  }

  /// nil unless these are 16 bytes of version 7.
  package init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
      if index < 8 { high = high << 8 | UInt64(byte) } else { low = low << 8 | UInt64(byte) }
    }
    self.init(checkedHigh: high, low: low)
  }

  private init?(checkedHigh high: UInt64, low: UInt64) {
    guard high & 0xf000 == Self.version, low & ~Self.lowTailMask == Self.variant else { return nil }
    self.init(high: high, low: low)
  }
}

extension UUIDv7: CustomStringConvertible, LosslessStringConvertible {
  private static let hyphens = [8, 13, 18, 23]

  static let textLength = 36

  /// The 36 lower-case characters: `0190163d-8694-739b-aea5-966c26f8ad91`.
  package var description: String {
    String(unsafeUninitializedCapacity: Self.textLength) { buffer in
      var output = OutputSpan(buffer: buffer, initializedCount: 0)
      write(to: &output)
      return output.finalize(for: buffer)
    }
  }

  /// Appends the 36 characters.
  package func append(to bytes: inout [UInt8]) {
    bytes.append(addingCapacity: Self.textLength) { write(to: &$0) }
  }

  /// Appends the 36 characters.
  func write(to output: inout OutputSpan<UInt8>) {
    output.append(hexDigitsOf: high >> 32, count: 8)
    output.append(UInt8(ascii: "-"))
    output.append(hexDigitsOf: high >> 16, count: 4)
    output.append(UInt8(ascii: "-"))
    output.append(hexDigitsOf: high, count: 4)
    output.append(UInt8(ascii: "-"))
    output.append(hexDigitsOf: low >> 48, count: 4)
    output.append(UInt8(ascii: "-"))
    output.append(hexDigitsOf: low, count: 12)
  }

  /// nil for anything but the 36 characters of a version 7 id; capitals are taken, as RFC 9562 wants.
  package init?(_ text: String) {
    var halves: (high: UInt64, low: UInt64) = (0, 0)
    var digits = 0
    var at = 0
    for byte in text.utf8 {
      defer { at += 1 }
      if Self.hyphens.contains(at) {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard at < 36, let nibble = Self.hexDigit(byte) else { return nil }
      if digits < 16 { halves.high = halves.high << 4 | nibble } else { halves.low = halves.low << 4 | nibble }
      digits += 1
    }
    guard at == 36 else { return nil }
    self.init(checkedHigh: halves.high, low: halves.low)
  }

  private static func hexDigit(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}

extension OutputSpan<UInt8> {
  /// The lowest digits of a number, the highest of them first; there must be room for them.
  @inline(__always)
  fileprivate mutating func append(hexDigitsOf number: UInt64, count digits: Int) {
    precondition(digits <= freeCapacity)
    withUnsafeMutableBufferPointer { buffer, count in
      for digit in 0..<digits {
        let nibble = UInt8(truncatingIfNeeded: number &>> UInt64(truncatingIfNeeded: 4 &* (digits &- 1 &- digit))) & 0xf
        buffer[count &+ digit] = nibble &+ (nibble < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
      }
      count += digits
    }
  }
}

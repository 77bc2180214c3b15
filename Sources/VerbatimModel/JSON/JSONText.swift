import CSimdjson

/// The text of a JSON string.
package struct JSONText: Sendable {
  /// Well-formed UTF-8 without NUL.
  package let bytes: Bytes
  /// False where U+FFFD stands for a NUL or a lone surrogate, which the string's own JSON alone can give back.
  package let isExact: Bool

  /// From what stands between the quotation marks.
  init(inside: Bytes, isEscaped: Bool) {
    guard isEscaped else {
      bytes = inside
      isExact = true
      return
    }
    var isExact = true
    bytes =
      inside.withUnsafeBufferPointer { source in
        [UInt8](unsafeUninitializedCapacity: source.count) { target, count in
          guard let input = source.baseAddress, let output = target.baseAddress else { return }
          count = json_unescape(input, source.count, output, &isExact)
        }
      }[...]
    self.isExact = isExact
  }

  package var string: String { bytes.string }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Whether it has more than `limit` Unicode scalars, the unit of every limit in characters.
  package func isLonger(than limit: Int) -> Bool {
    guard bytes.count > limit else { return false }
    return bytes.reduce(into: 0) { count, byte in if byte & 0xc0 != 0x80 { count += 1 } } > limit
  }
}

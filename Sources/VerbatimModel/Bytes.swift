/// Bytes that may be a part of a larger buffer: a JSON slice, a message's text, a request body.
///
/// Slices share their buffer, so passing one on copies nothing; keep one no longer than needed, since it keeps the whole
/// buffer alive.
package typealias Bytes = ArraySlice<UInt8>

extension Bytes {
  package init(utf8 text: String) {
    self = Array(text.utf8)[...]
  }

  /// With other bytes in some places, which may come in any order and do not overlap.
  package func replacing(_ places: [(Range<Int>, Bytes)]) -> Bytes {
    var result: [UInt8] = []
    var index = startIndex
    for (place, replacement) in places.sorted(by: { $0.0.lowerBound < $1.0.lowerBound }) {
      result += self[index..<place.lowerBound]
      result += replacement
      index = place.upperBound
    }
    return (result + self[index...])[...]
  }

  /// The text, with ill-formed UTF-8 replaced by U+FFFD.
  package var string: String { String(decoding: self, as: UTF8.self) }
}

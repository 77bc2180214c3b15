import VerbatimModel

/// Which documents of a segment have a term, as it is stored: their numbers, ascending.
///
/// The first byte says how: `all` for every document; `gaps`, then each number's distance from the one before in 7 bits a
/// byte, lowest first; `bits`, then a bit a document, where that is shorter.
enum SearchPostings {
  private static let all: UInt8 = 0
  private static let gaps: UInt8 = 1
  private static let bits: UInt8 = 2

  /// `gaps`: as `appendGap` has written them, of `count` numbers.
  static func encode(gaps: [UInt8], count: Int, of documents: Int) -> [UInt8] {
    if count == documents { return [all] }
    let width: Int = (documents + 7) / 8
    guard gaps.count > width else { return [Self.gaps] + gaps }
    var encoded = [UInt8](repeating: 0, count: width + 1)
    encoded[0] = bits
    forEachGap(in: gaps[...]) { number in encoded[1 + Int(number >> 3)] |= 1 << UInt8(number & 7) }
    return encoded
  }

  static func encode(_ numbers: [UInt32], of documents: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var last: Int64 = -1
    for number in numbers { appendGap(from: &last, to: number, in: &bytes) }
    return encode(gaps: bytes, count: numbers.count, of: documents)
  }

  @inline(__always) static func appendGap(from last: inout Int64, to number: UInt32, in bytes: inout [UInt8]) {
    var gap = UInt64(Int64(number) - last)
    last = Int64(number)
    while gap >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: gap) | 0x80)
      gap >>= 7
    }
    bytes.append(UInt8(gap))
  }

  /// Throws where the bytes are none of `encode`'s.
  static func decode(_ bytes: Bytes, of documents: Int) throws(StoreError) -> [UInt32] {
    var numbers: [UInt32] = []
    switch bytes.first {
    case all: numbers = Array(0..<UInt32(documents))
    case gaps:
      numbers.reserveCapacity(bytes.count)
      forEachGap(in: bytes.dropFirst()) { numbers.append($0) }
    case bits:
      for (index, byte) in bytes.dropFirst().enumerated() where byte != 0 {
        for bit in 0..<8 where byte & 1 << bit != 0 { numbers.append(UInt32(index * 8 + bit)) }
      }
    default: throw .damagedIndex
    }
    guard numbers.last.map({ $0 < documents }) ?? true else { throw .damagedIndex }
    return numbers
  }

  private static func forEachGap(in bytes: Bytes, _ body: (UInt32) -> Void) {
    var (last, gap, shift): (Int64, UInt64, UInt64) = (-1, 0, 0)
    for byte in bytes {
      gap |= UInt64(byte & 0x7F) << shift
      shift = min(shift + 7, 56)
      guard byte < 0x80 else { continue }
      last += Int64(gap & 0xFFFF_FFFF)
      body(UInt32(truncatingIfNeeded: last))
      (gap, shift) = (0, 0)
    }
  }
}

extension [UInt32] {
  /// What both have; both ascend.
  func intersection(_ other: [UInt32]) -> [UInt32] {
    var common: [UInt32] = []
    var (left, right) = (0, 0)
    while left < count, right < other.count {
      if self[left] == other[right] {
        common.append(self[left])
        left += 1
        right += 1
      } else if self[left] < other[right] {
        left += 1
      } else {
        right += 1
      }
    }
    return common
  }

  /// What the other has not; both ascend.
  func subtracting(_ other: [UInt32]) -> [UInt32] {
    var right = 0
    return filter { number in
      while right < other.count, other[right] < number { right += 1 }
      return right == other.count || other[right] != number
    }
  }

  /// What one of many has, each once.
  static func union(_ lists: [[UInt32]]) -> [UInt32] {
    guard lists.count != 1 else { return lists[0] }
    var numbers: [UInt32] = []
    for number in lists.joined().sorted() where number != numbers.last { numbers.append(number) }
    return numbers
  }
}

extension StoreError {
  static let damagedIndex = StoreError.unusable("the search index is damaged; verbatim reindex makes it anew")
}

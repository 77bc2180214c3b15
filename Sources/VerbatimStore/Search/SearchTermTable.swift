/// Numbers terms in the order in which they are met.
struct SearchTermTable {
  /// The terms, one behind the other.
  private var bytes: [UInt8] = []
  /// Where each begins, and where the last ends.
  private var starts: [Int] = [0]
  private var hashes: [UInt64] = []
  /// Numbers of terms by their hash, -1 where there is none; a power of two of them, at most half of them used.
  private var slots = [Int32](repeating: -1, count: 1 << 12)

  var count: Int { hashes.count }

  subscript(_ number: Int) -> ArraySlice<UInt8> { bytes[starts[number]..<starts[number + 1]] }

  /// The number of a term, a new one where it was not met before.
  mutating func number(of term: ArraySlice<UInt8>) -> Int {
    let hash: UInt64 = Self.hash(term)
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let number = Int(slots[slot])
      if hashes[number] == hash, self[number].elementsEqual(term) { return number }
      slot = (slot + 1) & (slots.count - 1)
    }
    let number: Int = count
    slots[slot] = Int32(number)
    bytes.append(contentsOf: term)
    starts.append(bytes.count)
    hashes.append(hash)
    if count * 2 > slots.count { grow() }
    return number
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for (number, hash) in hashes.enumerated() {
      var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number)
    }
  }

  /// FNV-1a, whose low bits are mixed once more.
  private static func hash(_ term: ArraySlice<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in term { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash ^ hash >> 32
  }
}

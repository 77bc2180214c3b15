import Databases

/// How many rows there are and a checksum of all that they hold, whatever the order they come in and whichever engine
/// they come from: the sum of the rows' hashes. It finds what goes wrong by accident, not what somebody forges.
package struct Contents: Sendable, Equatable {
  package private(set) var rows = 0
  package private(set) var checksum: UInt64 = 0

  package init() { self.init(rows: 0, checksum: 0) }

  init(rows: Int, checksum: UInt64) {
    self.rows = rows
    self.checksum = checksum
  }

  mutating func add(_ row: RowHash) {
    rows += 1
    checksum &+= row.value
  }

  package static func + (left: Contents, right: Contents) -> Contents {
    var sum: Contents = left
    sum.rows += right.rows
    sum.checksum &+= right.checksum
    return sum
  }
}

/// The hash of one row's values in their order: multiply and fold, a word at a time, with MurmurHash3's finalizer.
struct RowHash {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  var value: UInt64 {
    var mixed: UInt64 = state
    mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
    mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return mixed ^ mixed >> 33
  }

  mutating func add(_ value: SQLValue) {
    switch value {
    case .null: add(word: 0x6e75_6c6c)
    case .integer(let value): add(word: UInt64(bitPattern: value))
    case .real(let value): add(word: value.bitPattern)
    case .text(let value): add(bytes: ArraySlice(value.utf8))
    case .blob(let bytes): add(bytes: bytes)
    case .id(let high, let low):
      // As its 16 bytes, for an engine without a type for ids.
      add(word: 16)
      add(word: high.byteSwapped)
      add(word: low.byteSwapped)
    }
  }

  private mutating func add(bytes: ArraySlice<UInt8>) {
    add(word: UInt64(bytes.count))
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= bytes.count {
        add(word: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
        offset += 8
      }
      var rest: UInt64 = 0
      for byte in bytes[offset...].reversed() { rest = rest << 8 | UInt64(byte) }
      if offset < bytes.count { add(word: rest) }
    }
  }

  private mutating func add(word: UInt64) {
    state = (state ^ word) &* 0x9e37_79b9_7f4a_7c15
    state ^= state >> 32
  }
}

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

import Databases
import VerbatimModel

/// The exchanges that one transaction committed.
package struct FeedEntry: Sendable, Equatable {
  /// Its place in the order of commits as whoever follows the feed sees them; ascends, and may leave numbers out.
  package let number: Int64
  /// In no order. Some may be gone meanwhile; some may have been given before, by the entry whose number their row's
  /// `batch` says (what an archive has brought back).
  package let exchanges: [FeedExchange]
}

/// An exchange that was committed.
package struct FeedExchange: Sendable, Hashable {
  package let id: UUIDv7
  /// In the partition time zone.
  package let day: Day

  init(id: UUIDv7, day: Day) {
    self.id = id
    self.day = day
  }

  init(_ pending: PendingExchange) { self.init(id: pending.id, day: pending.day) }
}

/// Entries in order, and where to go on.
package struct FeedPage: Sendable, Equatable {
  package var entries: [FeedEntry]
  /// Whatever was committed up to here has been given; the next page goes on after it.
  package var position: Int64
  /// Whether there is more already.
  package var hasMore: Bool
}

/// How an entry's exchanges are stored: 16 bytes of id and 4 of the day's number each, big-endian.
enum FeedExchangeList {
  private static let size = 20

  static func encode(_ exchanges: [FeedExchange]) -> Bytes {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(exchanges.count * size)
    for exchange in exchanges {
      bytes.append(bigEndian: exchange.id.high)
      bytes.append(bigEndian: exchange.id.low)
      bytes.append(bigEndian: UInt32(bitPattern: exchange.day.number))
    }
    return bytes[...]
  }

  static func decode(_ bytes: Bytes) throws(StoreError) -> [FeedExchange] {
    guard bytes.count.isMultiple(of: size) else {
      throw .unusable("verbatim_batches holds an entry that is cut off; the database is damaged")
    }
    return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { start in
      func number(_ range: Range<Int>) -> UInt64 {
        bytes[start + range.lowerBound..<start + range.upperBound].reduce(0) { $0 << 8 | UInt64($1) }
      }
      return FeedExchange(
        id: UUIDv7(high: number(0..<8), low: number(8..<16)),
        day: Day(number: Int32(bitPattern: UInt32(number(16..<20)))))
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }
}

import Databases
import VerbatimModel

extension UUIDv7: SQLBindable {
  package var sqlValue: SQLValue { .id(high: high, low: low) }

  /// The lower bound of a search, not an id itself.
  static let beforeAll = UUIDv7(high: 0, low: 0)
}

extension Binds {
  func id(_ id: UUIDv7) { self.id(id.high, id.low) }
}

extension Row {
  /// An id column that the schema says is never null.
  func uuid(_ column: Int) throws -> UUIDv7 {
    guard let (high, low) = id(column) else {
      throw StoreError.unusable("a row holds an id that is not 16 bytes; the database is damaged")
    }
    return UUIDv7(high: high, low: low)
  }
}

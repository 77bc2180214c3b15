/// Binds one row's values in order, straight into the prepared statement.
///
/// A value that cannot be bound (too large, one too many) makes `executeEach` throw before the row is written.
package struct Binds: ~Copyable {
  private let statement: any Statement

  init(_ statement: any Statement) { self.statement = statement }

  package func integer(_ value: Int64?) {
    if let value { statement.bindInteger(value) } else { statement.bindNull() }
  }

  package func real(_ value: Double?) {
    if let value { statement.bindReal(value) } else { statement.bindNull() }
  }

  package func text(_ value: String?) {
    if let value { statement.bindText(value) } else { statement.bindNull() }
  }

  /// UTF-8 text; held, not copied, until the row is written.
  package func text(bytes value: ArraySlice<UInt8>?) {
    if let value { statement.bindText(bytes: value) } else { statement.bindNull() }
  }

  /// Held, not copied, until the row is written.
  package func blob(_ value: ArraySlice<UInt8>?) {
    if let value { statement.bindBlob(value) } else { statement.bindNull() }
  }

  /// 16 bytes, big-endian: an id.
  package func id(_ high: UInt64, _ low: UInt64) { statement.bindID(high: high, low: low) }

  package func null() { statement.bindNull() }
}

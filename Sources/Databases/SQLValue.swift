/// A value as databases know them.
package enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  /// UTF-8 text given as bytes, NUL allowed where the engine's text allows it.
  case textBytes(ArraySlice<UInt8>)
  case blob(ArraySlice<UInt8>)
  /// A blob of 16 bytes, big-endian, that costs no array.
  case id(high: UInt64, low: UInt64)
}

/// What may be interpolated into `SQL` as a value.
package protocol SQLBindable {
  var sqlValue: SQLValue { get }
}

/// UTF-8 bytes that are text to the database; a bare `[UInt8]` is a blob.
package struct TextBytes: SQLBindable, Sendable, Equatable {
  package var bytes: ArraySlice<UInt8>

  package init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }
  package init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  package var sqlValue: SQLValue { .textBytes(bytes) }
}

extension SQLValue: SQLBindable {
  package var sqlValue: SQLValue { self }
}

extension Int: SQLBindable {
  package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLBindable {
  package var sqlValue: SQLValue { .integer(self) }
}

extension Int32: SQLBindable {
  package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Bool: SQLBindable {
  package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension Double: SQLBindable {
  package var sqlValue: SQLValue { .real(self) }
}

extension String: SQLBindable {
  package var sqlValue: SQLValue { .text(self) }
}

extension Substring: SQLBindable {
  package var sqlValue: SQLValue { .text(String(self)) }
}

extension [UInt8]: SQLBindable {
  package var sqlValue: SQLValue { .blob(self[...]) }
}

extension ArraySlice<UInt8>: SQLBindable {
  package var sqlValue: SQLValue { .blob(self) }
}

extension Optional: SQLBindable where Wrapped: SQLBindable {
  package var sqlValue: SQLValue { self?.sqlValue ?? .null }
}

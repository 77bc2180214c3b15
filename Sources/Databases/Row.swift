/// The row in hand; valid only inside the closure that it was given to. Columns count from 0.
package struct Row {
  private let statement: any Statement

  init(_ statement: any Statement) { self.statement = statement }

  package func isNull(_ column: Int) -> Bool { statement.isNull(column) }

  /// 0 for null.
  package func integer(_ column: Int) -> Int64 { statement.integer(column) }

  package func optionalInteger(_ column: Int) -> Int64? { statement.optionalInteger(column) }

  /// 0 for null.
  package func real(_ column: Int) -> Double { statement.real(column) }

  package func optionalReal(_ column: Int) -> Double? { statement.isNull(column) ? nil : statement.real(column) }

  /// "" for null. Bytes that are not UTF-8 appear as U+FFFD; `bytes` has them as they are.
  package func text(_ column: Int) -> String { statement.text(column) }

  package func optionalText(_ column: Int) -> String? { statement.isNull(column) ? nil : statement.text(column) }

  /// Whether it is this text, byte for byte; null is not.
  package func isText(_ column: Int, _ text: StaticString) -> Bool { statement.isText(column, text) }

  /// A copy of a text's or blob's bytes; nil for null.
  package func bytes(_ column: Int) -> ArraySlice<UInt8>? { statement.isNull(column) ? nil : statement.bytes(column) }

  /// Appends a copy of a text's or blob's bytes, without an allocation of its own; false for null.
  package func append(_ column: Int, to bytes: inout [UInt8]) -> Bool { statement.append(column, to: &bytes) }

  /// A 16-byte blob as two big-endian halves; nil for null or another size.
  package func id(_ column: Int) -> (high: UInt64, low: UInt64)? { statement.id(column) }
}

/// Gathers rows one behind the other and sends them by COPY, which spares the server the arrays; for rows whose keys
/// cannot be there.
///
/// https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format": a signature, rows as the number of their
/// columns and the values, an end.
final class PostgresCopy: ValueSink {
  private static let signature: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00] + [UInt8](repeating: 0, count: 8)
  private static let end: [UInt8] = [0xFF, 0xFF]

  let bulk: BulkInsert
  private let statementText: String
  private let rowMark: [UInt8]
  private var values = PostgresValues(headerSize: 0)
  private var column = 0

  init(_ bulk: BulkInsert) {
    self.bulk = bulk
    statementText = """
      COPY "\(bulk.table)" (\(BulkInsert.list(bulk.columns.map(\.name)))) FROM STDIN (FORMAT binary)
      """
    let count = UInt16(bulk.columns.count)
    rowMark = [UInt8(count >> 8), UInt8(count & 0xFF)]
  }

  /// Calls `bind` for each row and keeps what it binds until `removeAll`.
  func gather(rows: Int, _ bind: (Int, borrowing Binds) -> Void) throws(DatabaseError) {
    let binds = Binds(self)
    values.append(mark: Self.signature)
    for row in 0..<rows {
      column = 0
      values.append(mark: rowMark)
      bind(row, binds)
      guard column == bulk.columns.count else {
        throw .misuse("\(column) values for \(bulk.columns.count) columns", sql: bulk.text)
      }
    }
    values.append(mark: Self.end)
    guard !values.isMistyped else { throw .misuse("a value of another type than its column", sql: bulk.text) }
  }

  /// Answers how many rows were inserted.
  func insert(by session: PostgresSession) throws(DatabaseError) -> Int {
    try session.copy(UnsafeRawBufferPointer(start: values.start, count: values.size), by: statementText, sql: bulk.text)
  }

  func removeAll() { values.removeAll() }

  // MARK: Values

  func bindInteger(_ value: Int64) { next().map { values.append(value, as: $0) } }
  func bindReal(_ value: Double) { next().map { values.append(value, as: $0) } }
  func bindNull() { if next() != nil { values.appendNull() } }
  func bindText(bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append(text: $0) } }
  func bindID(high: UInt64, low: UInt64) { next().map { values.append(id: high, low, as: $0) } }

  func bindBlob(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBytes { bytes in next().map { values.append(blob: bytes, as: $0) } }
  }

  func bindText(_ value: String) {
    var value = value
    value.withUTF8 { append(text: UnsafeRawBufferPointer($0)) }
  }

  private func append(text: UnsafeRawBufferPointer) { next().map { values.append(text: text, as: $0) } }

  /// The column's type; nil for one value too many.
  private func next() -> BulkInsert.ColumnType? {
    defer { column += 1 }
    return column < bulk.columns.count ? bulk.columns[column].type : nil
  }
}

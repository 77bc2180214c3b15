/// Gathers rows column by column and inserts them by one statement that unnests an array a column.
final class PostgresBulk: ValueSink {
  let statementText: String
  private let bulk: BulkInsert
  private let columns: [PostgresArray]
  private var column = 0

  init(_ bulk: BulkInsert) {
    self.bulk = bulk
    columns = bulk.columns.map { PostgresArray(of: $0.type) }
    let names = BulkInsert.list(bulk.columns.map(\.name))
    let arrays = bulk.columns.enumerated().map { "$\($0.offset + 1)::\(PostgresType.array(of: $0.element.type).name)" }
    statementText = """
      INSERT INTO "\(bulk.table)" (\(names))
      SELECT \(names)
      FROM unnest(\(arrays.joined(separator: ", "))) AS "given" (\(names))
      """ + bulk.conflict.clause(table: bulk.table, minimum: "least", maximum: "greatest")
  }

  /// Calls `bind` for each row and keeps what it binds until `removeAll`.
  func gather(rows: Int, _ bind: (Int, borrowing Binds) -> Void) throws(DatabaseError) {
    let binds = Binds(self)
    for row in 0..<rows {
      column = 0
      bind(row, binds)
      guard column == columns.count else {
        throw .misuse("\(column) values for \(columns.count) columns", sql: bulk.text)
      }
    }
    for (index, array) in columns.enumerated() {
      let name = bulk.columns[index].name
      guard !array.isMistyped else { throw .misuse("a value of another type than its column \(name)", sql: bulk.text) }
      guard array.size <= Int32.max else {
        throw DatabaseError(kind: .constraint, code: 0, message: "column \(name) exceeds 2 GB", sql: bulk.text)
      }
    }
  }

  /// Answers how many rows were inserted or changed.
  func insert(by statement: PostgresStatement) throws(DatabaseError) -> Int {
    try statement.execute(columns.map { $0.pointer }, columns.map { Int32($0.size) })
  }

  func removeAll() { for array in columns { array.removeAll() } }

  // MARK: Values

  func bindInteger(_ value: Int64) { next()?.append(value) }
  func bindReal(_ value: Double) { next()?.append(value) }
  func bindNull() { next()?.appendNull() }
  func bindText(bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { next()?.append(text: $0) } }
  func bindBlob(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { next()?.append(blob: $0) } }
  func bindID(high: UInt64, low: UInt64) { next()?.append(id: high, low) }

  func bindText(_ value: String) {
    var value = value
    value.withUTF8 { next()?.append(text: UnsafeRawBufferPointer($0)) }
  }

  /// Nil for one value too many.
  private func next() -> PostgresArray? {
    defer { column += 1 }
    return column < columns.count ? columns[column] : nil
  }
}

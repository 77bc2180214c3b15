import CMariaDB

/// Many rows at once. MariaDB takes them in one message, column by column; elsewhere they go in statements of many rows,
/// whose counts are powers of two, so that few statements are kept prepared.
extension MySQLDriver {
  /// More rows a statement gain nothing, and each statement's text grows with them.
  private static let mostRowsAStatement = 128
  /// The protocol's limit.
  private static let mostPlaceholders = 65_535
  /// A message is built in memory before it is sent.
  private static let largestMessage = 16 << 20

  func insert(
    _ bulk: BulkInsert, rows: Int, bind: (Int, borrowing Binds) -> Void, conflicted: ((Int) -> Void)?
  ) throws(DatabaseError) -> Int {
    let values = MySQLValues()
    let binds = Binds(values)
    for row in 0..<rows {
      bind(row, binds)
      guard values.count == (row + 1) * bulk.columns.count else {
        throw .misuse("\(values.count) values in \(row + 1) rows of \(bulk.columns.count)", sql: bulk.text)
      }
    }
    var new = 0
    var next = 0
    while next < rows {
      let piece = next..<next + rowsThatFit(bulk, values, from: next, to: rows)
      new += try session.takesBulk ? insertColumns(bulk, values, piece) : insertRows(bulk, values, piece)
      next = piece.upperBound
    }
    return if case .keep = bulk.conflict { new } else { rows }
  }

  private func rowsThatFit(_ bulk: BulkInsert, _ values: MySQLValues, from start: Int, to end: Int) -> Int {
    let width = bulk.columns.count
    let room = min(session.maximumPacket, Self.largestMessage) - MySQLSession.packetOverhead - 2 * width
    var size = 0
    var row = start
    while row < end {
      size += values.messageSize(of: row * width..<(row + 1) * width)
      // A row that is too large alone is told so when it is sent.
      if size > room && row > start { break }
      row += 1
    }
    if session.takesBulk { return row - start }
    let most = min(row - start, Self.mostRowsAStatement, max(1, Self.mostPlaceholders / max(1, width)))
    return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
  }

  private func insertColumns(
    _ bulk: BulkInsert, _ values: MySQLValues, _ rows: Range<Int>
  ) throws(DatabaseError) -> Int {
    let width = bulk.columns.count
    try checkSize(values.messageSize(of: rows.lowerBound * width..<rows.upperBound * width), bulk.text)
    let columns = try MySQLColumnArrays(bulk, values, rows)
    let statement = try statement(bulk.mySQLText(rows: 1))
    defer { release(statement) }
    var count = UInt32(rows.count)
    try statement.run {
      mysql_stmt_attr_set(statement.handle, STMT_ATTR_ARRAY_SIZE, &count) == 0
        && mysql_stmt_bind_param(statement.handle, columns.binds) == 0 && mysql_stmt_execute(statement.handle) == 0
    }
    return statement.changes
  }

  private func insertRows(
    _ bulk: BulkInsert, _ values: MySQLValues, _ rows: Range<Int>
  ) throws(DatabaseError) -> Int {
    let width = bulk.columns.count
    let statement = try statement(bulk.mySQLText(rows: rows.count))
    defer { release(statement) }
    try statement.execute(values, rows.lowerBound * width..<rows.upperBound * width)
    return statement.changes
  }
}

extension BulkInsert {
  /// `VALUES(c)` is deprecated in MySQL 8.0.20, but MariaDB has nothing else and both take it.
  fileprivate func mySQLText(rows: Int) -> String {
    let row = "(" + columns.map { _ in "?" }.joined(separator: ", ") + ")"
    return """
      INSERT INTO "\(table)" (\(Self.list(columns.map(\.name))))
      VALUES \(repeatElement(row, count: rows).joined(separator: ", "))\(conflict.mySQLClause)
      """
  }
}

extension BulkInsert.Conflict {
  /// Never INSERT IGNORE, which hides wrong values, too. Every unique key of the table counts, not only the named one.
  fileprivate var mySQLClause: String {
    let assignments: [String] =
      switch self {
      case .fail: []
      case .keep(let key): key.prefix(1).map { "\"\($0)\" = \"\($0)\"" }
      case .update(_, let changes): changes.map(\.mySQLAssignment)
      }
    return assignments.isEmpty ? "" : "\nON DUPLICATE KEY UPDATE \(assignments.joined(separator: ", "))"
  }
}

extension BulkInsert.Change {
  /// Reads no other column: those to its left have their new values already.
  fileprivate var mySQLAssignment: String {
    let (old, new) = ("\"\(column)\"", "VALUES(\"\(column)\")")
    return switch rule {
    case .replace: "\(old) = \(new)"
    case .add: "\(old) = \(old) + \(new)"
    case .addBounded: "\(old) = LEAST(\(old) + \(new), \(Dialect.greatestSum))"
    case .minimum: "\(old) = LEAST(\(old), \(new))"
    case .maximum: "\(old) = GREATEST(\(old), \(new))"
    }
  }
}

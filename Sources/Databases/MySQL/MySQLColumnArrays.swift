import CMariaDB

/// Rows turned into columns, as the client library takes them for a bulk insert. Texts and blobs stay where they were
/// gathered, so this lives no longer than that.
final class MySQLColumnArrays {
  let binds: UnsafeMutablePointer<MYSQL_BIND>
  private let memory: UnsafeMutableRawPointer

  init(_ bulk: BulkInsert, _ values: MySQLValues, _ rows: Range<Int>) throws(DatabaseError) {
    let width = bulk.columns.count
    let wordBytes = MemoryLayout<UInt64>.stride * rows.count
    memory = .allocate(byteCount: max(1, width * (2 * wordBytes + rows.count)), alignment: 8)
    binds = .allocate(capacity: max(1, width))
    for (index, column) in bulk.columns.enumerated() {
      let words = (memory + 2 * index * wordBytes).bindMemory(to: UInt64.self, capacity: rows.count)
      let lengths = (memory + (2 * index + 1) * wordBytes).bindMemory(to: UInt.self, capacity: rows.count)
      let indicators = (memory + 2 * width * wordBytes + index * rows.count)
        .bindMemory(to: CChar.self, capacity: rows.count)
      for row in 0..<rows.count {
        let value = values.values[(rows.lowerBound + row) * width + index]
        guard value.kind == .null || value.kind == column.type.kind else {
          throw .misuse("a value of kind \(value.kind) for column \(column.name)", sql: bulk.text)
        }
        indicators[row] = CChar((value.kind == .null ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE).rawValue)
        lengths[row] = value.length
        words[row] = value.kind.isHeldApart ? UInt64(UInt(bitPattern: values.start(of: value))) : value.bits
      }
      binds[index] = MYSQL_BIND()
      binds[index].buffer_type = column.type.kind.type
      binds[index].buffer = UnsafeMutableRawPointer(words)
      binds[index].length = lengths
      binds[index].u.indicator = indicators
    }
  }

  deinit {
    binds.deallocate()
    memory.deallocate()
  }
}

extension BulkInsert.ColumnType {
  fileprivate var kind: MySQLValues.Kind {
    switch self {
    case .integer: .integer
    case .real: .real
    case .text: .text
    case .blob, .id: .blob
    }
  }
}

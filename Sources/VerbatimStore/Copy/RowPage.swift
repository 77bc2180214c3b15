import Databases
import VerbatimModel

/// Rows on their way from one database to another.
struct RowPage: Sendable {
  private static let mostRows = 2_000
  private static let mostBytes = 4 << 20

  private(set) var count = 0
  private var values: [SQLValue] = []
  private var bytes = 0

  var isFull: Bool { count >= Self.mostRows || bytes >= Self.mostBytes }

  init(columns: Int) { values.reserveCapacity(columns * Self.mostRows) }

  mutating func append(_ row: CopiedRow) {
    count += 1
    for value in row.values {
      if case .blob(let held) = value { bytes += held.count }
      values.append(value)
    }
  }

  func insert(into table: CopiedTable, on connection: isolated Connection) throws {
    let width: Int = table.columns.count
    try connection.insert(table.insert, rows: count) { row, binds in
      for (column, value) in zip(table.columns, values[row * width..<(row + 1) * width]) {
        binds.bind(value, as: column.type)
      }
    }
  }
}

/// A row's values as its table's columns have them; text as a blob, whose bytes nobody decodes.
struct CopiedRow {
  private(set) var values: [SQLValue] = []
  private(set) var hash = RowHash()

  /// When the row's id was made.
  var milliseconds: Int64 {
    switch values.first {
    case .id(let high, _)?: Int64(high >> 16)
    case .blob(let bytes)?: bytes.prefix(6).reduce(0) { $0 << 8 | Int64($1) }
    default: 0
    }
  }

  mutating func read(_ row: Row, of table: CopiedTable) throws {
    values.removeAll(keepingCapacity: true)
    hash = RowHash()
    for (index, column) in table.columns.enumerated() {
      let value: SQLValue = try Self.value(of: row, index, column, in: table)
      hash.add(value)
      values.append(value)
    }
  }

  private static func value(
    of row: Row, _ index: Int, _ column: BulkInsert.Column, in table: CopiedTable
  ) throws -> SQLValue {
    if row.isNull(index) { return .null }
    switch column.type {
    case .integer: return .integer(row.integer(index))
    case .real: return .real(row.real(index))
    case .text, .blob: return row.bytes(index).map { .blob($0) } ?? .null
    case .id:
      guard let (high, low) = row.id(index) else {
        throw StoreError.unusable("\(table.name).\(column.name) holds an id that is not 16 bytes")
      }
      return .id(high: high, low: low)
    }
  }
}

extension Binds {
  func bind(_ value: SQLValue, as type: BulkInsert.ColumnType) {
    switch value {
    case .null: null()
    case .integer(let value): integer(value)
    case .real(let value): real(value)
    case .text(let value): text(value)
    case .blob(let bytes): if type == .text { text(bytes: bytes) } else { blob(bytes) }
    case .id(let high, let low): id(high, low)
    }
  }
}

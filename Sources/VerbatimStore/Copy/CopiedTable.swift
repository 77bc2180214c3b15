import Databases
import VerbatimModel

/// A table as `copy` sees it: its columns and key as the target's catalogue has them, so that no table and no column of
/// a later migration is forgotten.
struct CopiedTable: Sendable {
  let name: String
  let columns: [BulkInsert.Column]
  let insert: BulkInsert
  /// Which rows belong to the history; the others are the database's own.
  private let filter: SQL?
  let key: [String]

  /// Whether rows are found by an id that names its day; else the whole table is one portion.
  var isByID: Bool { key == ["id"] }

  init(name: String, columns: [BulkInsert.Column], key: [String]) {
    self.name = name
    self.columns = columns
    self.key = key
    filter = name == CopyMark.table ? CopyMark.filter : nil
    // Rows that have an id of their own never change; others are what the source says last.
    let changes: [BulkInsert.Change] = columns.map(\.name).filter { !key.contains($0) }.map { .init($0, .replace) }
    insert = BulkInsert(
      into: name, columns,
      onConflict: key == ["id"] || changes.isEmpty ? .keep(key: key) : .update(key: key, changes: changes))
  }

  /// All rows of a portion in the order of the key.
  func selection(of portion: Portion) -> SQL {
    """
    SELECT \(unsafeSQL: columns.map { "\"\($0.name)\"" }.joined(separator: ", "))
    FROM \(identifier: name)
    WHERE \(condition(portion))
    ORDER BY \(unsafeSQL: key.map { "\"\($0)\"" }.joined(separator: ", "))
    """
  }

  func deletion(of portion: Portion) -> SQL { "DELETE FROM \(identifier: name) WHERE \(condition(portion))" }

  var count: SQL { "SELECT count(*) FROM \(identifier: name) WHERE \(condition(.whole))" }

  private func condition(_ portion: Portion) -> SQL {
    let own: SQL = filter ?? "1 = 1"
    guard case .day(let span) = portion else { return own }
    return """
      \(own) AND id >= \(UUIDv7.lowest(at: span.lowerBound)) AND id < \(UUIDv7.lowest(at: span.upperBound))
      """
  }
}

/// What is compared, and copied again where it differs.
enum Portion: Hashable, Sendable {
  case whole
  /// The ids of a day, from its first millisecond to the next day's.
  case day(Range<Int64>)
}

extension Connection {
  /// A table's columns and key; nil where there is no such table.
  func copiedTable(_ name: String) throws -> CopiedTable? {
    let rows: [(column: BulkInsert.Column, place: Int64)] = try query(dialect().schema.columns(of: name)) { row in
      (BulkInsert.Column(row.text(0), .init(declared: row.text(1))), row.integer(2))
    }
    guard !rows.isEmpty else { return nil }
    let key: [String] = rows.filter { $0.place > 0 }.sorted { $0.place < $1.place }.map(\.column.name)
    guard !key.isEmpty else { throw StoreError.unusable("the table \(name) has no primary key to copy it by") }
    return CopiedTable(name: name, columns: rows.map(\.column), key: key)
  }
}

extension BulkInsert.ColumnType {
  /// By a type's name as one of the engines has it.
  fileprivate init(declared: String) {
    let name: String = declared.lowercased()
    self =
      switch name {
      case "uuid", "binary(16)": .id
      case _ where name.contains("int"): .integer
      case _ where name.contains("real") || name.contains("double"): .real
      case _ where name.contains("blob") || name.contains("binary") || name == "bytea": .blob
      default: .text
      }
  }
}

import Databases
import VerbatimModel

/// A row of another program's table: every column as the text that the engine gives for it.
struct LegacyRow: Sendable {
  let table: LegacyTable
  /// In the order of the table's columns.
  let values: [Bytes?]
  /// Rows of the table of files that belong to it.
  var files: [LegacyRow] = []

  init(table: LegacyTable, _ row: Row) {
    self.table = table
    values = table.columns.indices.map { row.bytes($0) }
  }

  /// nil for NULL, and for a column that the table has not.
  subscript(column: String) -> Bytes? {
    table.columns.firstIndex { $0.name == column }.flatMap { values[$0] }
  }

  func text(_ column: String) -> String? { self[column]?.string }

  /// nil for NULL, and for what is not a whole number.
  func integer(_ column: String) -> Int64? { self[column].flatMap { Int64($0.string) } }

  /// A number, or `t`, `true`, as the engines write truths.
  func boolean(_ column: String) -> Bool {
    switch text(column)?.lowercased() {
    case nil, "0", "f", "false", "": false
    default: true
    }
  }

  /// The JSON that a column holds; nil where it holds none.
  func json(_ column: String) -> JSONSlice? {
    guard let bytes = self[column], !bytes.isEmpty else { return nil }
    do throws(JSONError) { return try JSONSlice(checking: bytes) } catch { return nil }
  }

  func object(_ column: String) -> JSONSlice? { json(column).flatMap { $0.kind == .object ? $0 : nil } }

  /// A decimal number as millionths; finer digits are cut off.
  func millionths(_ column: String) -> Int64? {
    guard let text = text(column) else { return nil }
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count > 1 ? parts[1].prefix(6) : ""
    return Int64(parts[0] + fraction + String(repeating: "0", count: 6 - fraction.count))
  }

  /// What rows are read in the order of, as text: a position in the table.
  var id: String { text("id") ?? text("conversation_id") ?? "" }

  /// What rows of one exchange have in common.
  var conversation: [Bytes?] { [self["user_id"], self["conversation_id"]] }

  var size: Int { values.reduce(64) { $0 + ($1?.count ?? 0) } }
}

extension Connection {
  /// The next rows behind a position, in the order of ids: as many as asked for, or fewer where they are large.
  func legacyRows(
    of table: LegacyTable, after position: String?, upTo limit: Int64? = nil, count: Int
  ) throws -> [LegacyRow] {
    var conditions: [SQL] = []
    if let position { conditions.append("\(unsafeSQL: table.order) > \(table.idValue(position))") }
    if let limit { conditions.append("\(unsafeSQL: table.order) <= \(limit)") }
    var condition: SQL = conditions.isEmpty ? "1 = 1" : conditions[0]
    if conditions.count > 1 { condition = "\(conditions[0]) AND \(conditions[1])" }
    return try legacyRows(of: table, "WHERE \(condition) ORDER BY \(unsafeSQL: table.order) LIMIT \(count)")
  }

  /// The rows of given ids, in the order of ids.
  func legacyRows(of table: LegacyTable, ids: [Int64]) throws -> [LegacyRow] {
    var rows: [LegacyRow] = []
    for start in stride(from: 0, to: ids.count, by: 200) {
      let some = Array(ids[start..<min(start + 200, ids.count)])
      rows += try legacyRows(
        of: table, "WHERE \(unsafeSQL: table.order) IN (\(list: some)) ORDER BY \(unsafeSQL: table.order)",
        isBounded: false)
    }
    return rows
  }

  /// Rows whose column holds one of some texts or numbers.
  func legacyRows(of table: LegacyTable, where column: String, in values: [Bytes]) throws -> [LegacyRow] {
    let isNumber: Bool = table.type(of: column)?.contains("int") ?? false
    var rows: [LegacyRow] = []
    for start in stride(from: 0, to: values.count, by: 200) {
      let texts: [String] = values[start..<min(start + 200, values.count)].map(\.string)
      let place = table.comparable(column)
      let list: SQL = isNumber ? "\(list: texts.compactMap { Int64($0) })" : "\(list: texts)"
      rows += try legacyRows(
        of: table, "WHERE \(unsafeSQL: place) IN (\(list)) ORDER BY \(unsafeSQL: place), \(unsafeSQL: table.order)",
        isBounded: false)
    }
    return rows
  }

  private func legacyRows(of table: LegacyTable, _ rest: SQL, isBounded: Bool = true) throws -> [LegacyRow] {
    let columns: String = table.columns.map(try dialect().legacyText).joined(separator: ", ")
    var rows: [LegacyRow] = []
    var size = 0
    try forEachRow("SELECT \(unsafeSQL: columns) FROM \(identifier: table.name) \(rest)") { row in
      let row = LegacyRow(table: table, row)
      size += row.size
      rows.append(row)
      return !isBounded || size < 4 << 20
    }
    return rows
  }
}

extension LegacyTable {
  /// The expression that rows are read in the order of.
  var order: String { has("id") ? comparable("id") : comparable("conversation_id") }

  func idValue(_ position: String) -> SQLValue {
    if isNumbered, let number = Int64(position) { return .integer(number) }
    return .text(position)
  }

  /// A column as what a text or a number compares with; with its table, since what is selected has its name, too.
  func comparable(_ column: String) -> String {
    let place = "\"\(name)\".\"\(column)\""
    return type(of: column) == "uuid" ? "CAST(\(place) AS text)" : place
  }
}

extension Dialect {
  /// An expression: a column's value as text, or as bytes where it is a blob.
  fileprivate func legacyText(_ column: LegacyTable.Column) -> String {
    let name = "\"" + column.name.replacing("\"", with: "\"\"") + "\""
    let isText: Bool = ["char", "text", "blob", "binary", "bytea"].contains { column.type.contains($0) }
    switch family {
    case .sqlite: return name
    case .postgresql: return isText ? name : "CAST(\(name) AS text)"
    case .mysql: return isText ? name : "CAST(\(name)\(column.type == "bit" ? " + 0" : "") AS CHAR)"
    }
  }
}

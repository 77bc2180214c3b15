import Databases
import VerbatimModel

/// A table whose rows hold sealed texts.
struct SealedTable: Sendable {
  let name: String
  /// The columns of texts; a file's URL, name and metadata are sealed as one.
  let columns: [SealedColumn]

  private static let files = "message_files"

  var holdsFiles: Bool { name == Self.files }

  /// nil for every other table.
  init?(_ name: String) {
    self.name = name
    let isHistory =
      name == Partition.whole.messages.table || name == Partition.whole.failures.table
      || Partition.day(ofTable: name) != nil
    guard isHistory || name == Self.files else { return nil }
    let texts: [SealedColumn] = [.name, .content, .raw, .toolCalls, .request, .inputs, .other]
    columns = isHistory ? texts + (Partition.isErrorTable(name) ? [.errorMessage] : []) : []
  }

  /// In the order in which rows are read, behind the id.
  var names: [String] { holdsFiles ? ["url", "file_name", "metadata"] : columns.map(\.rawValue) }
}

/// The texts of one row.
struct SealedRow: Sendable {
  let id: UUIDv7
  /// In the order of the table's names.
  let texts: [Bytes?]

  var size: Int { texts.reduce(0) { $0 + ($1?.count ?? 0) } }
}

extension Connection {
  /// The first rows behind one, one at least. `areLocked`: until the transaction's end, where others write, too.
  func rows(of table: SealedTable, behind id: UUIDv7?, limit: Int, bytes: Int, areLocked: Bool) throws -> [SealedRow] {
    let names: String = table.names.map { "\"\($0)\"" }.joined(separator: ", ")
    var rows: [SealedRow] = []
    var size = 0
    try forEachRow(
      """
      SELECT id, \(unsafeSQL: names)
      FROM \(identifier: table.name)
      WHERE id > \(id ?? .beforeAll)
      ORDER BY id
      LIMIT \(limit)\(unsafeSQL: areLocked ? " FOR UPDATE" : "")
      """
    ) { found in
      let row = SealedRow(
        id: try found.uuid(0), texts: table.names.indices.map { found.bytes($0 + 1).map { Array($0)[...] } })
      rows.append(row)
      size += row.size
      return size < bytes
    }
    return rows
  }

  /// Answers how many texts were changed.
  func reencrypt(_ row: SealedRow, of table: SealedTable, _ keys: ContentKeys) throws -> Int {
    let changes: [(name: String, text: Bytes?)] =
      try table.holdsFiles ? fileChanges(of: row, keys) : changes(of: row, table, keys)
    guard !changes.isEmpty else { return 0 }
    var assignments: SQL = ""
    for (index, change) in changes.enumerated() {
      let comma: String = index == 0 ? "" : ", "
      assignments = "\(assignments)\(unsafeSQL: comma)\(identifier: change.name) = \(change.text?.string)"
    }
    try execute("UPDATE \(identifier: table.name) SET \(assignments) WHERE id = \(row.id)")
    return changes.count
  }

  private func changes(
    of row: SealedRow, _ table: SealedTable, _ keys: ContentKeys
  ) throws -> [(name: String, text: Bytes?)] {
    var changes: [(name: String, text: Bytes?)] = []
    for (column, text) in zip(table.columns, row.texts) {
      guard let text, !keys.isCurrent(text) else { continue }
      changes.append((column.rawValue, keys.sealed(try keys.opened(text, of: row.id, column), of: row.id, column)))
    }
    return changes
  }

  private func fileChanges(of row: SealedRow, _ keys: ContentKeys) throws -> [(name: String, text: Bytes?)] {
    if let metadata = row.texts[2], keys.isCurrent(metadata), ContentKeys.isSealed(metadata) { return [] }
    guard keys.current != nil || row.texts[2].map(ContentKeys.isSealed) == true else { return [] }
    let stored = Attachment(
      kind: .other, transferMethod: .localFile, url: row.texts[0]?.string ?? "", belongsTo: .user,
      fileName: row.texts[1]?.string, metadata: row.texts[2])
    let file: Attachment = keys.stored(try keys.opened(stored, of: row.id), of: row.id)
    return [
      ("url", Bytes(utf8: file.url)), ("file_name", file.fileName.map { Bytes(utf8: $0) }), ("metadata", file.metadata),
    ]
  }
}

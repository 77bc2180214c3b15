/// What a database holds at one moment, to tell whether another holds the same: its schema, and how many rows each
/// table has.
package struct DatabaseOutline: Sendable, Equatable {
  package let schema: [String]
  package let rows: [String: Int64]

  /// In what another differs, a sentence each; empty when in nothing.
  package func differences(from expected: DatabaseOutline) -> [String] {
    var differences = schema == expected.schema ? [] : ["the schema differs"]
    for table in Set(rows.keys).union(expected.rows.keys).sorted() where rows[table] != expected.rows[table] {
      let (found, wanted) = (rows[table] ?? 0, expected.rows[table] ?? 0)
      differences.append("\(table) has \(found) rows instead of \(wanted)")
    }
    return differences
  }
}

extension Database {
  /// Counts all rows.
  package func outline() async throws -> DatabaseOutline {
    try await read { connection in try connection.snapshot { try connection.outline() } }
  }
}

extension Connection {
  fileprivate func outline() throws -> DatabaseOutline {
    let schema = try query("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name") { row in
      (type: row.text(0), name: row.text(1), sql: row.isNull(2) ? "" : row.text(2))
    }
    var rows: [String: Int64] = [:]
    for table in schema where table.type == "table" {
      let name = table.name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      rows[table.name] = try first("SELECT count(*) FROM \"\(unsafeSQL: name)\"") { $0.integer(0) }
    }
    return DatabaseOutline(schema: schema.map { "\($0.type) \($0.name): \($0.sql)" }, rows: rows)
  }
}

import Databases
import VerbatimModel

/// Reads tables of another program, a page at a time, with the rows that belong to those of a page.
struct LegacyReader: Sendable {
  let database: Database
  let tables: [LegacyTable]

  private static let pageCount = 1000

  private var conversations: LegacyTable? { tables.first { $0.content == .conversations } }
  private var files: [LegacyTable] { tables.filter { $0.content == .files } }

  /// The next rows in the order of ids; none at the end.
  func page(of table: LegacyTable, after position: String?, upTo limit: Int64? = nil) async throws -> [LegacyRow] {
    try await withFiles(
      try await database.read { connection in
        try connection.legacyRows(of: table, after: position, upTo: limit, count: Self.pageCount)
      })
  }

  func rows(of table: LegacyTable, ids: [Int64]) async throws -> [LegacyRow] {
    guard !ids.isEmpty else { return [] }
    return try await withFiles(try await database.read { try $0.legacyRows(of: table, ids: ids) })
  }

  /// The conversations that rows name, by their id as the rows write it.
  func owners(of rows: some Sequence<LegacyRow>) async throws -> [Bytes: LegacyRow] {
    guard let conversations else { return [:] }
    let ids = Array(Set(rows.compactMap { $0["conversation_id"] }))
    let found: [LegacyRow] = try await database.read { connection in
      try connection.legacyRows(of: conversations, where: "id", in: ids)
    }
    return Dictionary(found.compactMap { row in row["id"].map { ($0, row) } }) { first, _ in first }
  }

  func rowCount(of table: LegacyTable) async throws -> Int64 { try await database.read { try $0.rowCount(of: table) } }

  private func withFiles(_ rows: [LegacyRow]) async throws -> [LegacyRow] {
    guard let first = rows.first, [.messages, .dialogues].contains(first.table.content) else { return rows }
    var rows: [LegacyRow] = rows
    let ids: [Bytes] = rows.compactMap { $0["id"] }
    for table in files {
      let found: [LegacyRow] = try await database.read { connection in
        try connection.legacyRows(of: table, where: "message_id", in: ids)
      }
      let byMessage = Dictionary(grouping: found) { $0["message_id"] ?? [] }
      for index in rows.indices { rows[index].files += byMessage[rows[index]["id"] ?? []] ?? [] }
    }
    return rows
  }
}

import Databases
import VerbatimModel

/// Brings what is stored under the key that seals now, while others go on reading and writing.
extension Store {
  /// Rows at once, and about how many bytes of them.
  private static let rowsAtOnce = 200
  private static let bytesAtOnce = 8 << 20

  /// Seals what is not sealed and what another key has sealed; where no key seals, opens what is. Goes on where an
  /// earlier call with the same key stopped. Answers how many texts were changed. Throws `StoreError.unusable` for what
  /// cannot be opened; all before it is done.
  package func reencrypt(onProgress: @escaping @Sendable (_ table: String, _ texts: Int) -> Void) async throws -> Int {
    let tables: [SealedTable] = try await sealedTables()
    var position: ReencryptionPosition = try await reencryptionPosition()
    var texts = 0
    for table in tables where table.name >= position.table {
      if table.name > position.table { position = ReencryptionPosition(table: table.name, row: nil) }
      while let next = try await reencrypt(table, from: position, &texts) {
        try Task.checkCancellation()
        position = next
        onProgress(table.name, texts)
      }
    }
    try await reencryptConversations(&texts, onProgress)
    try await writing { connection in
      try connection.setSetting(.reencryption, to: "")
      // Words of what is sealed now must not stay in the index, and those of what is open are to be found.
      try connection.rescanSearchDays()
    }
    return texts
  }

  /// What is said about conversations, from the beginning each time: it is little beside what was said in them.
  private func reencryptConversations(
    _ texts: inout Int, _ onProgress: @Sendable (_ table: String, _ texts: Int) -> Void
  ) async throws {
    for table in SealedConversationTable.all {
      try await reencryptPages(of: table.name, &texts, onProgress) { try $0.reencrypt(table, behind: $1, $2) }
    }
    try await reencryptPages(of: "verbatim_conversation_tags", &texts, onProgress) { connection, position, keys in
      try connection.reencryptTags(behind: position, keys)
    }
  }

  private func reencryptPages(
    of table: String, _ texts: inout Int, _ onProgress: @Sendable (_ table: String, _ texts: Int) -> Void,
    _ page:
      @escaping @Sendable (isolated Connection, ConversationPosition?, ContentKeys) throws
      -> (changed: Int, next: ConversationPosition?)
  ) async throws {
    let keys: ContentKeys = contentKeys
    var position: ConversationPosition?
    repeat {
      let from: ConversationPosition? = position
      let done = try await writing { connection in try connection.transaction { try page(connection, from, keys) } }
      texts += done.changed
      position = done.next
      onProgress(table, texts)
    } while position != nil
  }

  private func sealedTables() async throws -> [SealedTable] {
    let names: [String] = try await database.read { connection in
      try connection.query(connection.dialect().schema.tableNames()) { $0.text(0) }
    }
    return names.compactMap(SealedTable.init).sorted { $0.name < $1.name }
  }

  private func reencryptionPosition() async throws -> ReencryptionPosition {
    let stored: String? = try await database.read { try $0.setting(.reencryption) }
    return ReencryptionPosition(stored: stored ?? "", key: contentKeys.current)
  }

  /// One page, with the position behind it in its transaction; nil at the end of the table.
  private func reencrypt(
    _ table: SealedTable, from position: ReencryptionPosition, _ texts: inout Int
  ) async throws -> ReencryptionPosition? {
    let (keys, isServer): (ContentKeys, Bool) = (contentKeys, dialect.isServer)
    let page: (changed: Int, next: ReencryptionPosition?) = try await writing { connection in
      try connection.transaction {
        let rows: [SealedRow] = try connection.rows(
          of: table, behind: position.row, limit: Self.rowsAtOnce, bytes: Self.bytesAtOnce, areLocked: isServer)
        guard let last = rows.last else { return (0, nil) }
        var changed = 0
        for row in rows { changed += try connection.reencrypt(row, of: table, keys) }
        let next = ReencryptionPosition(table: table.name, row: last.id)
        try connection.setSetting(.reencryption, to: next.stored(key: keys.current))
        return (changed, next)
      }
    }
    texts += page.changed
    return page.next
  }
}

/// How far the work has come: a table, in the order of their names, and the last row of it that is done.
struct ReencryptionPosition: Sendable, Equatable {
  var table: String
  var row: UUIDv7?

  init(table: String, row: UUIDv7?) {
    self.table = table
    self.row = row
  }

  /// From the beginning, unless it was stored under the same key.
  init(stored: String, key: String?) {
    let parts: [Substring] = stored.split(separator: " ")
    guard parts.count == 3, parts[0] == key ?? "none", let row = UUIDv7(String(parts[2])) else {
      self.init(table: "", row: nil)
      return
    }
    self.init(table: String(parts[1]), row: row)
  }

  func stored(key: String?) -> String { row.map { "\(key ?? "none") \(table) \($0)" } ?? "" }
}

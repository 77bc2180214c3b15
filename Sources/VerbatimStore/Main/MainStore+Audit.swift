import Databases
import VerbatimModel

/// The audit trail. Rows are added, and the counts of reads grow while their minute runs; nothing else changes them, and
/// only age removes them.
extension MainStore {
  /// An id of this moment.
  package func newAuditID() -> UUIDv7 { ids.next() }

  /// Returns when the rows are durable; of one that is there already, the count becomes the given one.
  package func record(_ entries: [AuditEntry]) async throws {
    guard !entries.isEmpty else { return }
    // On a server every writer takes rows in one order, so that none waits for the other.
    let sorted: [AuditEntry] = entries.sorted { $0.id < $1.id }
    try await write { connection in
      try connection.insert(.audit, rows: sorted.count) { index, binds in sorted[index].bind(to: binds) }
    }
  }

  /// The newest first, behind `cursor`, the id of the last one seen.
  package func auditTrail(
    _ query: AuditQuery, after cursor: UUIDv7? = nil, limit: Int
  ) async throws -> [AuditEntry] {
    try await read { connection in
      try connection.query(
        """
        SELECT id, action, actor_id, key_id, account_id, conversation_id, address, request_id, count, detail
        FROM verbatim_audit
        WHERE \(query.condition(behind: cursor))
        ORDER BY id DESC
        LIMIT \(limit)
        """, AuditEntry.init)
    }
  }

  /// Removes some of what is older than the given time; answers how many rows.
  package func removeAudit(before time: Int64, atMost limit: Int = 1000) async throws -> Int {
    let bound: UUIDv7 = .lowest(at: time)
    return try await write { connection in
      let old: [UUIDv7] = try connection.query(
        "SELECT id FROM verbatim_audit WHERE id < \(bound) ORDER BY id LIMIT \(limit)"
      ) { try $0.uuid(0) }
      guard let last = old.last else { return 0 }
      return try connection.execute("DELETE FROM verbatim_audit WHERE id <= \(last)")
    }
  }
}

extension AuditQuery {
  fileprivate func condition(behind cursor: UUIDv7?) -> SQL {
    var condition: SQL = "1 = 1"
    func require(_ fragment: SQL) { condition = "\(condition) AND \(fragment)" }
    if let account { require("account_id = \(account)") }
    if let actor { require("actor_id = \(actor)") }
    if let action { require("action = \(action)") }
    if let conversation {
      require("conversation_tail = \(AuditEntry.tail(of: conversation)) AND conversation_id = \(conversation)")
    }
    if let from { require("id >= \(UUIDv7.lowest(at: from))") }
    if let to { require("id < \(UUIDv7.lowest(at: to))") }
    if let cursor { require("id < \(cursor)") }
    return condition
  }
}

extension BulkInsert {
  fileprivate static let audit = BulkInsert(
    into: "verbatim_audit",
    [
      .init("id", .id), .init("recorded_at", .integer), .init("action", .text), .init("actor_id", .text),
      .init("key_id", .text), .init("account_id", .text), .init("conversation_id", .text),
      .init("conversation_tail", .text), .init("address", .text),
      .init("request_id", .text), .init("count", .integer), .init("detail", .text),
    ], onConflict: .update(key: ["id"], changes: [.init("count", .maximum)]))
}

extension AuditEntry {
  /// The last two characters (code points) of a conversation's id, as migration 3 takes them, too: few enough for an
  /// index that begins with them to grow in few places, and enough to find a conversation's rows among all.
  fileprivate static func tail(of conversation: String) -> String {
    String(String.UnicodeScalarView(conversation.unicodeScalars.suffix(2)))
  }

  fileprivate func bind(to binds: borrowing Binds) {
    binds.id(id)
    binds.integer(time)
    binds.text(action)
    binds.text(actor)
    binds.text(key)
    binds.text(account)
    binds.text(conversation)
    binds.text(conversation.map { Self.tail(of: $0) })
    binds.text(address)
    binds.text(requestID)
    binds.integer(Int64(count))
    binds.text(detail)
  }

  fileprivate init(_ row: Row) throws {
    self.init(
      id: try row.uuid(0), action: row.text(1), actor: row.text(2), key: row.text(3), account: row.text(4),
      conversation: row.optionalText(5), address: row.text(6), requestID: row.text(7), count: Int(row.integer(8)),
      detail: row.optionalText(9))
  }
}

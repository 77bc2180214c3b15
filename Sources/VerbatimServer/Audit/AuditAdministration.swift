import VerbatimModel

/// What `verbatim audit` does.
package struct AuditAdministration: Sendable {
  private static let pageSize = 100

  private let session: Session

  package init(_ session: Session) { self.session = session }

  /// A line for each row of the trail, the newest first, under a head. `filters`: by the names of the API's parameters.
  package func list(_ filters: [(name: String, value: String?)], atMost count: Int) async throws -> [String] {
    let rows = try await session.administer { client in try await Self.rows(client, filters, atMost: count) }
    return TextTable.lines(
      ["at", "action", "actor", "account", "conversation", "count", "address", "request", "key", "detail"],
      rows.map { row in
        func text(_ name: String) -> String { row[name]?.string?.string ?? "-" }
        return [
          text("at"), text("action"), text("actor"), text("account_id"), text("conversation_id"),
          row["count"]?.integer.map { String($0) } ?? "-", text("address"), text("request_id"), text("key_id"),
          row["detail"].flatMap { $0.kind == .object ? $0.bytes.string : nil } ?? "",
        ]
      })
  }

  private static func rows(
    _ client: AdminClient, _ filters: [(name: String, value: String?)], atMost count: Int
  ) async throws -> [JSONSlice] {
    var rows: [JSONSlice] = []
    var cursor: String?
    repeat {
      let size = min(pageSize, count - rows.count)
      let page = try await client.call(
        "GET", "/api/admin/audit", query: filters + [("limit", String(size)), ("cursor", cursor)])
      if let entries = page["entries"] { rows += entries.elements }
      cursor = page["next_cursor"]?.string?.string
    } while cursor != nil && rows.count < count
    return rows
  }
}

import Databases
import VerbatimModel

/// Exchanges of an export that come back to the history that they are from.
extension Store {
  /// Receipts of those that are still there, of the same app and user, by their places. Costs nothing where none is of
  /// an export.
  func receipts(ofExported exchanges: [NewExchange], account: String) async throws -> [Int: Receipt] {
    let ids: Set<UUIDv7> = Set(exchanges.compactMap { $0.exported?.id })
    guard !ids.isEmpty else { return [:] }
    let days: [Day: [UUIDv7]] = Dictionary(grouping: ids) { calendar.day(of: $0.milliseconds) }
    let stored: [UUIDv7: ExportedRow] = try await readingHistory { connection, absent in
      try connection.exportedRows(days, account: account, absent: absent)
    }
    var receipts: [Int: Receipt] = [:]
    for (index, exchange) in exchanges.enumerated() {
      guard let id = exchange.exported?.id, let row = stored[id], row.app == ExactText(exchange.appID),
        row.user == ExactText(exchange.userID)
      else { continue }
      receipts[index] = Receipt(conversationID: row.conversation, exchangeID: id, isDuplicate: true)
    }
    return receipts
  }
}

/// Whose an exchange is.
private struct ExportedRow: Sendable {
  let conversation: String
  let app: ExactText
  let user: ExactText
}

extension Connection {
  private static let exportedAtOnce = 200

  fileprivate func exportedRows(
    _ days: [Day: [UUIDv7]], account: String, absent: Set<String>
  ) throws -> [UUIDv7: ExportedRow] {
    var rows: [UUIDv7: ExportedRow] = [:]
    for (day, ids) in days {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      for table in place.messageTables + place.errorTables where !absent.contains(table) {
        for start in stride(from: 0, to: ids.count, by: Self.exportedAtOnce) {
          let part = Array(ids[start..<min(start + Self.exportedAtOnce, ids.count)])
          var query: SQL = """
            SELECT id, account_id, conversation_id, app_id, user_id
            FROM \(identifier: table)
            WHERE id IN (\(list: part))
            """
          query.isVarying = true
          try forEachRow(query) { row in
            guard ExactText(row.text(1)) == ExactText(account) else { return true }
            rows[try row.uuid(0)] = ExportedRow(
              conversation: row.text(2), app: ExactText(row.text(3)), user: ExactText(row.text(4)))
            return true
          }
        }
      }
    }
    return rows
  }
}

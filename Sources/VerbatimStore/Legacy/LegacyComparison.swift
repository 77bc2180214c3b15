import Databases
import VerbatimModel

/// Compares what was moved with what it was made of: every row is read again, worked out again, and held against the
/// history; and the rows are counted.
struct LegacyComparison: Sendable {
  let reader: LegacyReader
  let mover: LegacyMover
  let onProgress: @Sendable (LegacyTable, _ rows: Int64) -> Void

  /// What is wrong, a line each; at most 20.
  func findings(in table: LegacyTable, _ progress: LegacyProgress) async throws -> [String] {
    var findings: [String] = []
    let count: Int64 = try await reader.rowCount(of: table)
    if count != progress.rows { findings.append("\(table.name) holds \(count) rows, \(progress.rows) were moved") }
    switch table.content {
    case .conversations, .settings: findings += try await missing(of: table)
    case .history, .failures, .messages, .dialogues, .files: findings += try await differences(in: table)
    }
    return findings
  }

  private func differences(in table: LegacyTable) async throws -> [String] {
    var grouping = LegacyGrouping()
    var position: String?
    var rowCount: Int64 = 0
    while true {
      let rows: [LegacyRow] = try await reader.page(of: table, after: position)
      var groups: [LegacyGrouping.Group] = rows.flatMap { grouping.add($0) }
      if rows.isEmpty { groups += grouping.finish() }
      let batch: [PendingExchange] = try await mover.pending(groups)
      let keys: ContentKeys = mover.store.contentKeys
      let findings: [String] = try await mover.store.database.read { connection in
        try connection.differences(from: batch, keys)
      }
      guard findings.isEmpty else { return findings.prefix(20).map { "\(table.name): \($0)" } }
      guard let last = rows.last else { return [] }
      position = last.id
      rowCount += Int64(rows.count)
      onProgress(table, rowCount)
    }
  }

  /// Conversations, or settings, that the history knows nothing of.
  private func missing(of table: LegacyTable) async throws -> [String] {
    let isConversation: Bool = table.content == .conversations
    let account: String = mover.mapping.account ?? LegacyMapping.standardAccount
    var position: String?
    while true {
      let rows: [LegacyRow] = try await reader.page(of: table, after: position)
      guard let last = rows.last else { return [] }
      let ids: [String] = rows.compactMap {
        LegacyText.id($0.text(isConversation ? "id" : "conversation_id"), limit: IngestLimits.conversationID)
      }
      let found: Set<String> = try await mover.store.database.read { connection in
        try connection.known(ids, account: account, isConversation: isConversation)
      }
      let missing: [String] = ids.filter { !found.contains($0) }
      guard missing.isEmpty else { return missing.prefix(20).map { "\(table.name): \($0) is not in the history" } }
      position = last.id
      onProgress(table, Int64(rows.count))
    }
  }
}

extension Connection {
  fileprivate func known(_ ids: [String], account: String, isConversation: Bool) throws -> Set<String> {
    let table = isConversation ? "conversations" : "conversation_settings"
    let column = isConversation ? "id" : "conversation_id"
    var known: Set<String> = []
    for start in stride(from: 0, to: ids.count, by: 200) {
      let some = Array(ids[start..<min(start + 200, ids.count)])
      known.formUnion(
        try query(
          """
          SELECT \(identifier: column)
          FROM \(identifier: table)
          WHERE account_id = \(account) AND \(identifier: column) IN (\(list: some))
          """
        ) { $0.text(0) })
    }
    return known
  }

  /// How the history differs from exchanges as they should be there, a line each.
  fileprivate func differences(from batch: [PendingExchange], _ keys: ContentKeys) throws -> [String] {
    var messages: [UUIDv7: (message: Message, exchange: StoredExchange?)] = [:]
    var failures: [UUIDv7: StoredExchange] = [:]
    for (day, part) in Dictionary(grouping: batch, by: \.day) {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      let ids: [UUIDv7] = part.flatMap { pending in pending.expectedMessages.map(\.id) }
      for table in place.messageTables {
        try storedRows(table, ids: ids, keys) { id, row in
          messages[id] = (try row.message(), try row.isExchange() ? try row.exchange() : nil)
        }
      }
      for table in place.errorTables {
        let ids: [UUIDv7] = part.filter(\.isFailure).map(\.id)
        try storedRows(table, ids: ids, also: ", error_code, error_message", keys) { id, row in
          failures[id] = try row.failedExchange()
        }
      }
    }
    return batch.flatMap { pending -> [String] in
      if pending.isFailure { return failures[pending.id].map(pending.differences) ?? ["\(pending.id) is not there"] }
      return pending.expectedMessages.flatMap { expected -> [String] in
        guard let (message, exchange) = messages[expected.id] else { return ["\(expected.id) is not there"] }
        let wrong: [String] = message == expected.message ? [] : ["the message \(expected.id) differs"]
        return wrong
          + (expected.id == pending.id ? exchange.map(pending.differences) ?? ["\(expected.id) is no exchange"] : [])
      }
    }
  }

  private func storedRows(
    _ table: String, ids: [UUIDv7], also columns: String = "", _ keys: ContentKeys,
    _ body: (UUIDv7, HistoryRow) throws -> Void
  ) throws {
    for start in stride(from: 0, to: ids.count, by: 200) {
      let some = Array(ids[start..<min(start + 200, ids.count)])
      try forEachRow(
        """
        SELECT \(unsafeSQL: HistoryRow.columns)\(unsafeSQL: columns)
        FROM \(identifier: table)
        WHERE id IN (\(list: some))
        """
      ) { row in
        try body(try row.uuid(0), HistoryRow(row, keys))
        return true
      }
    }
  }
}

extension PendingExchange {
  /// Its rows of the history of messages.
  fileprivate var expectedMessages: [(id: UUIDv7, message: Message)] {
    guard !isFailure else { return [] }
    return (exchange.messages + exchange.choices).enumerated().map { (firstID.adding(UInt64($0)), $1) }
  }

  fileprivate func differences(from stored: StoredExchange) -> [String] {
    var names: [String] = []
    func compare(_ name: String, _ isEqual: Bool) { if !isEqual { names.append(name) } }
    compare("conversation", stored.conversationID == conversationID)
    compare("app", stored.appID == exchange.appID)
    compare("user", stored.userID == exchange.userID)
    compare("time", stored.createdAt == createdAt)
    compare("model", stored.modelName == exchange.modelName && stored.modelProvider == exchange.modelProvider)
    compare("metadata", stored.metadata == exchange.metadata)
    compare("inputs", stored.inputs == exchange.inputs)
    compare("usage", stored.usage == exchange.usage)
    compare("request", stored.request == exchange.request)
    compare("tokens", stored.promptTokens == exchange.promptTokens && stored.totalTokens == exchange.totalTokens)
    compare("price", stored.totalPrice == exchange.totalPrice)
    compare("failure", stored.failure == exchange.failure)
    compare("files", stored.attachmentCount == exchange.attachments.count)
    if isFailure {
      compare("messages", stored.messages == exchange.messages && stored.choices == Array(exchange.choices.prefix(1)))
    }
    return names.isEmpty ? [] : ["the exchange \(id) differs in \(names.joined(separator: ", "))"]
  }
}

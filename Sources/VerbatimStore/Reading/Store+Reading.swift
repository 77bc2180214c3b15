import Databases
import VerbatimModel

extension Store {
  package func conversation(_ id: String, account: String) async throws -> Conversation? {
    try await reading { connection in try connection.conversation(id, account: account) }
  }

  /// The newest `limit` exchanges before `first`, oldest first; failures included. nil when there is no such
  /// conversation.
  ///
  /// Costs what it returns: rows are found by (account, conversation, id), newest first. A page ends early, with
  /// `hasMore`, where its messages would take more than `PageBudget.bytes`; it holds one exchange at least.
  package func exchanges(
    of conversation: String, account: String, before first: UUIDv7?, limit: Int
  ) async throws -> (exchanges: [StoredExchange], hasMore: Bool)? {
    try await reading { connection in
      try connection.snapshot {
        guard try connection.conversation(conversation, account: account) != nil else { return nil }
        return try connection.exchanges(of: conversation, account: account, before: first, limit: limit)
      }
    }
  }

  private func reading<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    do {
      return try await database.read(body)
    } catch let error as DatabaseError where error.kind != .cancelled {
      log.error("MES read failed", ["error": error.message, "sql": error.sql ?? ""])
      throw StoreError(error)
    }
  }
}

extension Connection {
  fileprivate func conversation(_ id: String, account: String) throws -> Conversation? {
    try first(
      """
      SELECT id, app_id, user_id, name, status, model_name, dialogue_count, error_count, message_count, total_tokens,
        total_price, created_at, updated_at, last_active_at
      FROM conversations
      WHERE account_id = \(account) AND id = \(id)
      """
    ) { row in
      guard let status = Conversation.Status(rawValue: row.text(4)) else {
        throw StoreError.unusable("conversations.status holds \(row.text(4)), which is no status")
      }
      return Conversation(
        id: row.text(0), appID: row.text(1), userID: row.text(2), name: row.text(3), status: status,
        modelName: row.optionalText(5), dialogueCount: row.integer(6), errorCount: row.integer(7),
        messageCount: row.integer(8), totalTokens: row.integer(9), totalPrice: row.integer(10),
        createdAt: row.integer(11), updatedAt: row.integer(12), lastActiveAt: row.integer(13))
    }
  }

  fileprivate func exchanges(
    of conversation: String, account: String, before first: UUIDv7?, limit: Int
  ) throws -> (exchanges: [StoredExchange], hasMore: Bool) {
    let rows = ConversationRows(conversation: conversation, account: account, end: first ?? .afterAll)
    var page = ExchangePage(limit: limit)
    for failure in try failures(rows, limit: limit + 1) { page.add(failure: failure) }
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all)
      FROM conversation_histories
      WHERE account_id = \(rows.account) AND conversation_id = \(rows.conversation) AND id < \(rows.end)
      ORDER BY id DESC
      """
    ) { row in try page.add(HistoryRow(row)) }
    var (exchanges, hasMore) = page.finish()
    try addAttachments(to: &exchanges)
    return (exchanges, hasMore)
  }

  /// The newest failures, newest first: as many as a page can hold, and one more.
  private func failures(_ rows: ConversationRows, limit: Int) throws -> [StoredExchange] {
    var failures: [StoredExchange] = []
    var budget = PageBudget()
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all), error_code, error_message
      FROM error_conversation_histories
      WHERE account_id = \(rows.account) AND conversation_id = \(rows.conversation) AND id < \(rows.end)
      ORDER BY id DESC
      LIMIT \(limit)
      """
    ) { row in
      let failure: StoredExchange = try HistoryRow(row).failedExchange()
      let isAffordable: Bool = !budget.isSpent
      failures.append(failure)
      budget.spend(failure)
      return isAffordable
    }
    return failures
  }

  private func addAttachments(to page: inout [StoredExchange]) throws {
    guard !page.isEmpty else { return }
    var places: [UUIDv7: Int] = [:]
    for (place, exchange) in page.enumerated() { places[exchange.id] = place }
    try forEachRow(
      """
      SELECT exchange_id, id, type, transfer_method, url, belongs_to, upload_file_id, file_name, file_size, mime_type,
        metadata
      FROM message_files
      WHERE exchange_id IN (\(list: page.map(\.id)))
      ORDER BY exchange_id, id
      """
    ) { row in
      guard let place = places[try row.uuid(0)],
        let kind = Attachment.Kind(rawValue: row.text(2)),
        let transferMethod = Attachment.TransferMethod(rawValue: row.text(3)),
        let owner = Attachment.Owner(rawValue: row.text(5))
      else { throw StoreError.unusable("message_files holds a row of an unknown type, transfer method or owner") }
      let attachment = Attachment(
        kind: kind, transferMethod: transferMethod, url: row.text(4), belongsTo: owner,
        uploadFileID: row.optionalText(6), fileName: row.optionalText(7), fileSize: row.optionalInteger(8),
        mimeType: row.optionalText(9), metadata: row.bytes(10))
      page[place].attachments.append(StoredAttachment(id: try row.uuid(1), attachment: attachment))
      return true
    }
  }
}

/// Whose rows are read, newest before `end`: every query carries the account.
private struct ConversationRows {
  let conversation: String
  let account: String
  let end: UUIDv7
}

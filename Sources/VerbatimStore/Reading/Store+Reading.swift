import Databases
import VerbatimModel

extension Store {
  package func conversation(_ id: String, account: String) async throws -> Conversation? {
    try await reading { connection in
      if let conversation = try connection.conversation(id, account: account) { return conversation }
      guard let first = try connection.conversation(aliasedBy: id, account: account) else { return nil }
      return try connection.conversation(first, account: account)
    }
  }

  /// At most `limit` exchanges of a conversation from one of its ends, or on from the cursor, always oldest first;
  /// failures included.
  ///
  /// Costs what it returns: rows are found by (account, conversation, id). A page ends early, with `hasMore`, where its
  /// messages would take more than `PageBudget.bytes`; it holds one exchange at least.
  package func exchanges(
    of conversation: String, account: String, from place: PagePlace = .newest, limit: Int
  ) async throws -> PageAnswer {
    try await reading { connection in
      try connection.snapshot {
        var rows = ConversationRows(conversation: conversation, account: account, place: place)
        if try connection.conversation(conversation, account: account) == nil {
          guard let first = try connection.conversation(aliasedBy: conversation, account: account) else {
            return .noConversation
          }
          rows.conversation = first
        }
        if let cursor = rows.cursor, try !connection.isExchange(cursor, in: rows) {
          guard let first = try connection.exchange(aliasedBy: cursor, account: account) else { return .noCursor }
          rows.cursor = first
        }
        return .page(try connection.page(of: rows, limit: limit))
      }
    }
  }

  private func reading<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
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

  fileprivate func isExchange(_ id: UUIDv7, in rows: ConversationRows) throws -> Bool {
    let found: Int64? = try first(
      """
      SELECT 1
      FROM conversation_histories
      WHERE id = \(id) AND account_id = \(rows.account) AND conversation_id = \(rows.conversation) AND exchange_id = id
      UNION ALL
      SELECT 1
      FROM error_conversation_histories
      WHERE id = \(id) AND account_id = \(rows.account) AND conversation_id = \(rows.conversation)
      """
    ) { $0.integer(0) }
    return found != nil
  }

  fileprivate func page(of rows: ConversationRows, limit: Int) throws -> ExchangePage {
    var builder = ExchangePageBuilder(order: rows.order, limit: limit)
    for failure in try failures(rows, limit: limit + 1) { builder.add(failure: failure) }
    try forEachRow(of: rows, inPiecesOf: max(Self.smallestPiece, limit * 4)) { try builder.add(HistoryRow($0)) }
    var page: ExchangePage = builder.finish()
    try addAttachments(to: &page.exchanges)
    return page
  }

  /// Rows that are asked for at once, at least: what a page of few exchanges with some messages each takes.
  private static let smallestPiece = 50

  /// Calls `body` for each row until it answers false. Where an engine works out all rows that it is asked for, it is
  /// asked for a piece at a time.
  private func forEachRow(of rows: ConversationRows, inPiecesOf piece: Int, _ body: (Row) throws -> Bool) throws {
    guard try !dialect().readsLazily else { return try forEachRow(rows.query, body) }
    var rows: ConversationRows = rows
    while true {
      var count = 0
      var last: UUIDv7?
      try forEachRow("\(rows.query) LIMIT \(piece)") { row in
        count += 1
        last = try row.uuid(0)
        guard try body(row) else {
          last = nil
          return false
        }
        return true
      }
      guard let last, count == piece else { return }
      rows = rows.continued(behind: last)
    }
  }

  /// The first failures in the page's order: as many as it can hold, and one more.
  private func failures(_ rows: ConversationRows, limit: Int) throws -> [StoredExchange] {
    var failures: [StoredExchange] = []
    var budget = PageBudget()
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all), error_code, error_message
      FROM error_conversation_histories
      WHERE \(rows.condition)
      ORDER BY \(rows.ordering)
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
    var places: [UUIDv7: Int] = [:]
    for place in page.indices where page[place].attachmentCount > 0 { places[page[place].id] = place }
    guard !places.isEmpty else { return }
    try forEachRow(
      """
      SELECT exchange_id, id, type, transfer_method, url, belongs_to, upload_file_id, file_name, file_size, mime_type,
        metadata
      FROM message_files
      WHERE exchange_id IN (\(list: Array(places.keys)))
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

/// Whose rows are read, from where, in which order: every query carries the account.
private struct ConversationRows {
  var conversation: String
  let account: String
  var place: PagePlace

  /// Where the page begins; only a place that has one takes another.
  var cursor: UUIDv7? {
    get {
      switch place {
      case .newest, .oldest: nil
      case .before(let id), .after(let id): id
      }
    }
    set {
      guard let newValue else { return }
      switch place {
      case .newest, .oldest: break
      case .before: place = .before(newValue)
      case .after: place = .after(newValue)
      }
    }
  }

  var order: ExchangePageBuilder.Order {
    switch place {
    case .newest, .before: .newestFirst
    case .oldest, .after: .oldestFirst
    }
  }

  var query: SQL {
    """
    SELECT \(unsafeSQL: HistoryColumns.all)
    FROM conversation_histories
    WHERE \(condition)
    ORDER BY \(ordering)
    """
  }

  /// The rows that follow one in the order of reading.
  func continued(behind id: UUIDv7) -> ConversationRows {
    ConversationRows(
      conversation: conversation, account: account, place: order == .newestFirst ? .before(id) : .after(id))
  }

  var condition: SQL {
    let owner: SQL = "account_id = \(account) AND conversation_id = \(conversation)"
    return switch place {
    case .newest, .oldest: owner
    case .before(let id): "\(owner) AND id < \(id)"
    case .after(let id): "\(owner) AND id > \(id)"
    }
  }

  var ordering: SQL { order == .newestFirst ? "id DESC" : "id" }
}

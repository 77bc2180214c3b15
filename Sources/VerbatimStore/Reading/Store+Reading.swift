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
    let end: UUIDv7 = first ?? .afterAll
    let conversationRows = ConversationRows(conversation: conversation, account: account)
    var newestFirst: [StoredExchange] = try succeeded(conversationRows, before: end, limit: limit + 1)
    let failures: [StoredExchange] = try failed(conversationRows, before: end, limit: limit + 1)
    if !failures.isEmpty {
      newestFirst = (newestFirst + failures).sorted { $0.id > $1.id }
    }
    var budget = PageBudget()
    let affordable: Int = newestFirst.prefix { budget.affords($0) }.count
    let kept: Int = min(limit, affordable)
    let hasMore: Bool = newestFirst.count > kept
    // The newest exchange that is not on the page any more bounds where the page's messages can be.
    let start: UUIDv7 = hasMore ? newestFirst[kept].id : .beforeAll
    var page: [StoredExchange] = newestFirst.prefix(kept).reversed()
    let isCut: Bool = try addMessages(of: conversationRows, in: start..<end, to: &page, within: &budget)
    try addAttachments(to: &page)
    return (page, hasMore || isCut)
  }

  /// The rows that carry exchanges, newest first, one more than the budget affords at the most.
  private func succeeded(_ rows: ConversationRows, before end: UUIDv7, limit: Int) throws -> [StoredExchange] {
    var exchanges: [StoredExchange] = []
    var budget = PageBudget()
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all)
      FROM conversation_histories
      WHERE account_id = \(rows.account) AND conversation_id = \(rows.conversation)
        AND id < \(end) AND exchange_id = id
      ORDER BY id DESC
      LIMIT \(limit)
      """
    ) { row in
      let history = HistoryRow(row)
      var exchange: StoredExchange = try history.exchange()
      exchange.choices = [history.message()]
      exchanges.append(exchange)
      return budget.affords(exchange)
    }
    return exchanges
  }

  private func failed(_ rows: ConversationRows, before end: UUIDv7, limit: Int) throws -> [StoredExchange] {
    var exchanges: [StoredExchange] = []
    var budget = PageBudget()
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all), error_code, error_message
      FROM error_conversation_histories
      WHERE account_id = \(rows.account) AND conversation_id = \(rows.conversation) AND id < \(end)
      ORDER BY id DESC
      LIMIT \(limit)
      """
    ) { row in
      let history = HistoryRow(row)
      var exchange: StoredExchange = try history.exchange()
      let partial: Message = history.message()
      if partial.contentKind != .none || partial.raw != nil { exchange.choices = [partial] }
      let asked = try FailedRequest.decode(exchange.request)
      exchange.messages = asked.messages
      exchange.request = asked.request
      exchange.failure = history.failure()
      exchanges.append(exchange)
      return budget.affords(exchange)
    }
    return exchanges
  }

  /// Adds input messages and further choices, all of which lie between the page's bounds, newest exchange first. Where
  /// they are more than the budget affords, the page loses its oldest exchanges; answers whether it did.
  private func addMessages(
    of rows: ConversationRows, in range: Range<UUIDv7>, to page: inout [StoredExchange],
    within budget: inout PageBudget
  ) throws -> Bool {
    guard !page.isEmpty else { return false }
    var places: [UUIDv7: Int] = [:]
    for (place, exchange) in page.enumerated() { places[exchange.id] = place }
    var kept: Int = 0
    try forEachRow(
      """
      SELECT \(unsafeSQL: HistoryColumns.all)
      FROM conversation_histories
      WHERE account_id = \(rows.account) AND conversation_id = \(rows.conversation)
        AND id > \(range.lowerBound) AND id < \(range.upperBound) AND exchange_id <> id
      ORDER BY id DESC
      """
    ) { row in
      let history = HistoryRow(row)
      guard let place = places[try history.exchangeID()] else { return true }
      if budget.isSpent && place < page.count - 1 {
        // This exchange may have got some of its messages already; it and all older ones go to the next page.
        kept = place + 1
        return false
      }
      let message: Message = history.message()
      budget.spend(message)
      if history.isChoice {
        page[place].choices.insert(message, at: 1)
      } else {
        page[place].messages.append(message)
      }
      return true
    }
    page.removeFirst(kept)
    for place in page.indices where page[place].failure == nil { page[place].messages.reverse() }
    return kept > 0
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

/// Whose rows are read: every query carries the account.
private struct ConversationRows {
  let conversation: String
  let account: String
}

/// How much text a page may hold, so that a page of large exchanges is not a large piece of memory.
private struct PageBudget {
  static let bytes = 16 << 20

  private var spent = 0

  var isSpent: Bool { spent >= Self.bytes }

  /// Whether the exchange still fits; the first always does.
  mutating func affords(_ exchange: StoredExchange) -> Bool {
    defer {
      for message in exchange.messages + exchange.choices { spend(message) }
      spent += (exchange.request?.count ?? 0) + (exchange.inputs?.count ?? 0) + (exchange.metadata?.count ?? 0)
    }
    return !isSpent
  }

  mutating func spend(_ message: Message) {
    spent += (message.content?.count ?? 0) + (message.raw?.count ?? 0) + (message.toolCalls?.count ?? 0)
  }
}

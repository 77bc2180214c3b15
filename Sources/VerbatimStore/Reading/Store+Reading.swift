import Databases
import VerbatimModel

extension Store {
  /// nil where there is no such conversation within reach. Throws `unavailable` rather than saying so while records wait
  /// to be delivered: it may be theirs.
  package func conversation(_ id: String, within reach: Reach) async throws -> Conversation? {
    guard let account = reach.account else { return nil }
    let isWhole: Bool = !hasUndelivered
    let keys: ContentKeys = contentKeys
    let find: @Sendable (isolated Connection) throws -> Conversation? = { connection in
      guard var conversation = try connection.conversation(following: id, within: reach) else { return nil }
      try connection.addTags(to: &conversation, keys)
      return try keys.opened(conversation)
    }
    let answer: Conversation?? = try await readingReplica(id, account, find)
    if let conversation = answer ?? nil { return conversation }
    let conversation: Conversation? = try await reading(find)
    guard conversation != nil || isWhole else { throw StoreError.undelivered }
    return conversation
  }

  /// At most `limit` exchanges of a conversation from one of its ends, or on from the cursor, always oldest first;
  /// failures included.
  ///
  /// Costs what it returns: rows are found by (account, conversation, id), and of tables of days only those are touched
  /// on which the conversation was active and that the page needs. A page ends early, with `hasMore`, where its messages
  /// would take more than `PageBudget.bytes`; it holds one exchange at least. Throws as `conversation` does.
  package func exchanges(
    of conversation: String, within reach: Reach, from place: PagePlace = .newest, limit: Int
  ) async throws -> PageAnswer {
    guard let account = reach.account else { return .noConversation }
    let isWhole: Bool = !hasUndelivered
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    let page: @Sendable (isolated Connection, Set<String>) throws -> PageAnswer = { connection, absent in
      try connection.snapshot {
        var rows = ConversationRows(
          conversation: conversation, account: account, reach: reach, place: place, calendar: calendar, keys: keys)
        rows.absentTables = absent
        return try connection.page(of: rows, limit: limit)
      }
    }
    let answer: PageAnswer? = try await readingReplica(conversation, account) { try page($0, []) }
    if let answer, answer.isPage { return answer }
    let own: PageAnswer = try await readingHistory(page)
    guard own.isPage || isWhole else { throw StoreError.undelivered }
    return own
  }

  /// To be asked before reading: what is delivered meanwhile may be missed by a read that has begun.
  private var hasUndelivered: Bool { (journalContents?.waiting ?? 0) > 0 }

  /// What the replica answers, where there is one that has what the caller wrote. What it does not know may just not
  /// have reached it: ask the history's own database then.
  func readingReplica<Result: Sendable>(
    _ conversation: String, _ account: String,
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result? {
    guard let replica else { return nil }
    do {
      return try await replica.read(OwnWrites.Conversation(conversation, account: account), body)
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw noted(error)
    }
  }

  /// As `reading`, for what looks into tables of days. Where one was dropped meanwhile, `body` runs again and is told
  /// the names of those that are gone; that is entered, too, if the database takes it.
  func readingHistory<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection, _ absentTables: Set<String>) throws -> Result
  ) async throws -> Result {
    var absent: Set<String> = []
    for _ in 0..<Self.readingAttempts {
      let known: Set<String> = absent
      do {
        return try await database.read { connection in try body(connection, known) }
      } catch let error as DatabaseError where error.kind == .missingTable {
        absent.formUnion(try await noticeGoneTables())
      } catch let error as DatabaseError where error.kind == .conflict {
        // MariaDB refuses to look into a table that is younger than the snapshot.
        continue
      } catch let error as DatabaseError where error.kind != .cancelled {
        throw noted(error)
      }
    }
    let known: Set<String> = absent
    return try await reading { connection in try body(connection, known) }
  }

  /// Each but the last may meet another table that was dropped.
  private static let readingAttempts = 20

  func reading<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    do {
      return try await database.read(body)
    } catch let error as DatabaseError where error.kind != .cancelled {
      throw noted(error)
    }
  }

  private func noted(_ error: DatabaseError) -> StoreError {
    log.error("MES read failed", ["error": error.message, "sql": DatabaseError.excerpt(of: error.sql ?? "")])
    return StoreError(error)
  }
}

extension StoreError {
  fileprivate static let undelivered = StoreError.unavailable(
    reason: "it is not in the history, to which records are being delivered that came while it was away",
    retryAfter: .seconds(1))
}

extension Connection {
  fileprivate func page(of wanted: ConversationRows, limit: Int) throws -> PageAnswer {
    var rows: ConversationRows = wanted
    var days: ConversationDays
    if let found = try self.days(of: rows) {
      days = found
    } else {
      guard let first = try conversation(aliasedBy: rows.conversation, account: rows.account) else {
        return .noConversation
      }
      rows.conversation = first
      guard let found = try self.days(of: rows) else { return .noConversation }
      days = found
    }
    if let cursor = rows.cursor, try !isExchange(cursor, in: rows, days) {
      guard let first = try exchange(aliasedBy: cursor, account: rows.account) else { return .noCursor }
      rows.cursor = first
      days = try self.days(of: rows) ?? days
    }
    return .page(try page(of: rows, days, limit: limit))
  }

  /// Whether the conversation has it, or had it on a day that was dropped since.
  private func isExchange(_ id: UUIDv7, in rows: ConversationRows, _ days: ConversationDays) throws -> Bool {
    let day: Day = rows.calendar.day(of: id.milliseconds)
    let place: DayPlace? = days.places.first { $0.day == day }.map(rows.present)
    for table in place.map({ $0.messageTables + $0.errorTables }) ?? [] {
      let found: Bool? = try first(
        """
        SELECT 1
        FROM \(identifier: table)
        WHERE id = \(id) AND account_id = \(rows.account) AND conversation_id = \(rows.conversation)
          AND exchange_id = id
        """
      ) { _ in true }
      if found == true { return true }
    }
    return try isDropped(day)
  }

  private func isDropped(_ day: Day) throws -> Bool {
    try first("SELECT 1 FROM verbatim_partitions WHERE day = \(day.number) AND dropped_at IS NOT NULL") { _ in true }
      ?? false
  }

  private func page(of rows: ConversationRows, _ days: ConversationDays, limit: Int) throws -> ExchangePage {
    let dialect: Dialect = try dialect()
    var builder = ExchangePageBuilder(order: rows.order, limit: limit)
    var days: ConversationDays = days
    while true {
      for group in rows.groups(of: days.places) {
        if days.hasFailures {
          for failure in try failures(group, of: rows, limit: limit + 1) { builder.add(failure: failure) }
        }
        let isMoreWanted: Bool = try forEachRow(
          of: rows, in: group, inPiecesOf: dialect.readsLazily ? nil : max(Self.smallestPiece, limit * 4)
        ) { try builder.add(HistoryRow($0, rows.keys)) }
        guard isMoreWanted else { return try finish(&builder, rows) }
      }
      guard days.hasMore, let last = days.places.last else { return try finish(&builder, rows) }
      guard let next = try self.days(of: rows, behind: last.day) else { return try finish(&builder, rows) }
      days = next
    }
  }

  private func finish(_ builder: inout ExchangePageBuilder, _ rows: ConversationRows) throws -> ExchangePage {
    var page: ExchangePage = builder.finish()
    if builder.hasAttachments { try addAttachments(to: &page.exchanges, rows.keys) }
    var lenders = Lenders(rows.calendar, rows.keys, absent: rows.absentTables)
    for index in page.exchanges.indices {
      try addLoans(to: &page.exchanges[index], account: rows.account, &lenders)
    }
    return page
  }

  /// Rows that are asked for at once, at least: what a page of few exchanges with some messages each takes.
  private static let smallestPiece = 50

  /// Calls `body` for each row until it answers false; answers whether it never did. Where an engine works out all rows
  /// that it is asked for, it is asked for a piece at a time.
  func forEachRow(
    of rows: ConversationRows, in group: HistoryGroup, inPiecesOf piece: Int?, _ body: (Row) throws -> Bool
  ) throws -> Bool {
    var arms: [HistoryArm] = group.messages
    while !arms.isEmpty {
      var count = 0
      var last: UUIDv7?
      var isMoreWanted = true
      try forEachRow(rows.query(HistoryRow.columns, arms, limit: piece)) { row in
        count += 1
        last = try row.uuid(0)
        isMoreWanted = try body(row)
        return isMoreWanted
      }
      guard isMoreWanted else { return false }
      guard let last, count == piece else { return true }
      arms = rows.rest(of: arms, behind: last)
    }
    return true
  }

  /// The first failures in the page's order: as many as it can hold, and one more.
  private func failures(_ group: HistoryGroup, of rows: ConversationRows, limit: Int) throws -> [StoredExchange] {
    guard !group.failures.isEmpty else { return [] }
    var failures: [StoredExchange] = []
    var budget = PageBudget()
    let columns: String = HistoryRow.columns + ", error_code, error_message"
    try forEachRow(rows.query(columns, group.failures, limit: limit)) { row in
      let failure: StoredExchange = try HistoryRow(row, rows.keys).failedExchange()
      let isAffordable: Bool = !budget.isSpent
      failures.append(failure)
      budget.spend(failure)
      return isAffordable
    }
    return failures
  }

  func addAttachments(to page: inout [StoredExchange], _ keys: ContentKeys) throws {
    var places: [UUIDv7: Int] = [:]
    for place in page.indices where page[place].attachmentCount > 0 { places[page[place].id] = place }
    guard !places.isEmpty else { return }
    try forEachRow(
      """
      SELECT \(unsafeSQL: StoredAttachment.columns), exchange_id
      FROM message_files
      WHERE exchange_id IN (\(list: Array(places.keys)))
      ORDER BY exchange_id, id
      """
    ) { row in
      guard let place = places[try row.uuid(StoredAttachment.columnCount)] else { return true }
      page[place].attachments.append(try StoredAttachment(row, keys))
      return true
    }
  }
}

import Databases
import VerbatimModel

extension Store {
  /// The error history. nil where there is no such conversation. Without one, a page looks at a bounded number of
  /// failures, whoever they belong to, and ends early after these.
  package func failures(matching query: FailureQuery) async throws -> FailurePage? {
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.failures(matching: query, absent, calendar, keys) }
    }
  }
}

/// What a walk along the error history looks at, without what was said.
private struct FailureOutline {
  let id: UUIDv7
  let table: String
  let isWanted: Bool

  init(_ row: Row, _ query: FailureQuery, _ tables: [String]) throws {
    func isSame(_ wanted: String?, _ column: Int) -> Bool {
      wanted.map { ExactText($0) == ExactText(row.text(column)) } ?? true
    }
    id = try row.uuid(0)
    table = tables[Int(row.integer(1))]
    isWanted =
      query.reach.contains(account: row.text(2), app: row.text(3), user: row.text(4)) && isSame(query.modelName, 5)
      && isSame(query.code, 6) && row.text(7) != Conversation.Status.deleted.rawValue
  }
}

extension Connection {
  fileprivate func failures(
    matching query: FailureQuery, _ absent: Set<String>, _ calendar: PartitionCalendar, _ keys: ContentKeys
  ) throws -> FailurePage? {
    var places: [DayPlace]
    var conversation: Conversation?
    if let id = query.conversation {
      guard let found = try self.conversation(following: id, within: query.reach) else { return nil }
      conversation = found
      places = try activePlaces(of: found)
    } else {
      places = try dayPlaces()
    }
    let spans = HistorySpan.spans([.failures], ids: query.ids, places: places, absent: absent, calendar)
    var page = FailurePage()
    let wanted: [FailureOutline] = try outlines(in: spans.reversed(), query, conversation, &page.next)
    var budget = PageBudget()
    for outline in wanted {
      guard page.failures.isEmpty || !budget.isSpent else {
        page.next = page.failures.last?.id
        break
      }
      guard let failure = try failure(outline, keys) else { continue }
      page.failures.append(failure)
      budget.spend(failure)
    }
    try addAttachments(to: &page.failures, keys)
    return page
  }

  /// Walks back until there are enough, or enough was looked at; `next` says where to go on.
  private func outlines(
    in spans: [HistorySpan], _ query: FailureQuery, _ conversation: Conversation?, _ next: inout UUIDv7?
  ) throws -> [FailureOutline] {
    var wanted: [FailureOutline] = []
    var looked = 0
    for span in spans {
      var ids: Range<UUIDv7> = span.ids
      var piece: Int = query.limit + 1
      while !ids.isEmpty {
        let sql: SQL = Self.outlines(in: span.tables, ids, of: conversation, limit: piece)
        let found: [FailureOutline] = try self.query(sql) { try FailureOutline($0, query, span.tables) }
        for outline in found {
          if wanted.count == query.limit || looked == Self.looked { return wanted }
          looked += 1
          next = outline.id
          if outline.isWanted { wanted.append(outline) }
        }
        guard found.count == piece, let last = found.last else { break }
        ids = ids.lowerBound..<last.id
        piece = 1_000
      }
    }
    next = nil
    return wanted
  }

  private static func outlines(
    in tables: [String], _ ids: Range<UUIDv7>, of conversation: Conversation?, limit: Int
  ) -> SQL {
    let owner: SQL =
      conversation.map { "account_id = \($0.accountID) AND conversation_id = \($0.id)" } ?? "1 = 1"
    let selects: [SQL] = tables.enumerated().map { index, table in
      """
      SELECT * FROM (
        SELECT id, \(unsafeSQL: "\(index)") AS place, account_id, conversation_id, model_name, error_code
        FROM \(identifier: table)
        WHERE \(owner) AND id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        ORDER BY id DESC
        LIMIT \(limit)
      ) AS \(identifier: "part\(index)")
      """
    }
    return """
      SELECT h.id, h.place, h.account_id, c.app_id, c.user_id, h.model_name, h.error_code, c.status
      FROM (\(joined: selects)) AS h
      LEFT JOIN conversations AS c ON c.account_id = h.account_id AND c.id = h.conversation_id
      ORDER BY h.id DESC
      LIMIT \(limit)
      """
  }

  private func failure(_ outline: FailureOutline, _ keys: ContentKeys) throws -> StoredExchange? {
    try first(
      """
      SELECT \(unsafeSQL: HistoryRow.columns), error_code, error_message
      FROM \(identifier: outline.table)
      WHERE id = \(outline.id)
      """
    ) { try HistoryRow($0, keys).failedExchange() }
  }
}

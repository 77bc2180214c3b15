import Databases
import VerbatimModel

/// The steps of a purge, each within a transaction.
extension Connection {
  /// Rows that one step deletes of a table, about.
  private static let rowsAtOnce = 500
  private static let purgesAtOnce = 100

  /// Deletes the conversation and enters that it is to go for good; nil where there is none.
  func enterPurge(of id: String, within reach: Reach, now: Int64, recordedUntil: Int64) throws -> Conversation? {
    let found: Conversation? =
      try conversation(following: id, within: reach) ?? conversation(following: id, within: reach, isDeleted: true)
    guard let found else { return nil }
    guard try setStatus(.deleted, of: found, now: now) else { return nil }
    try insert(.purges, rows: 1) { _, binds in
      binds.text(found.accountID)
      binds.text(found.id)
      binds.integer(recordedUntil)
    }
    return try conversation(found.id, within: .account(found.accountID), isDeleted: true)
  }

  func isBeingPurged(_ conversation: Conversation) throws -> Bool {
    try first(
      """
      SELECT 1
      FROM verbatim_purges
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      """
    ) { _ in true } ?? false
  }

  /// Some of those that were entered before a time.
  func purges(requestedBefore limit: Int64) throws -> [Purge] {
    try query(
      """
      SELECT \(unsafeSQL: Conversation.columns), p.requested_at
      FROM verbatim_purges AS p
      JOIN conversations AS c ON c.account_id = p.account_id AND c.id = p.conversation_id
      WHERE p.requested_at < \(limit)
      LIMIT \(Self.purgesAtOnce)
      """
    ) { row in
      Purge(conversation: try Conversation(row), recordedUntil: row.integer(Conversation.columnCount))
    }
  }

  /// Days of which conversations were purged; `onlyUnswept`: and which keys may still lead to.
  func purgedDays(onlyUnswept: Bool) throws -> Set<Day> {
    let days: [Day] = try query(
      "SELECT day FROM verbatim_purged_days WHERE leftovers >= \(Int64(onlyUnswept ? 1 : 0))"
    ) { Day(number: Int32(clamping: $0.integer(0))) }
    return Set(days)
  }

  /// A sweep of these days begins; what is purged from now on is left to the next one.
  func beginPurgeSweep(of days: Set<Day>) throws {
    try execute("UPDATE verbatim_purged_days SET leftovers = 2 WHERE day IN (\(list: days.sorted().map(\.number)))")
  }

  func endPurgeSweep(now: Int64) throws {
    try execute("UPDATE verbatim_purged_days SET leftovers = 0 WHERE leftovers = 2")
    try setSetting(.lastPurgeSweep, to: "\(now)")
  }

  func activeDays(of conversation: Conversation) throws -> [Day] {
    try query(
      """
      SELECT day
      FROM verbatim_conversation_days
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      ORDER BY day
      """
    ) { Day(number: Int32(clamping: $0.integer(0))) }
  }

  /// Deletes some rows of a day, with what belongs to them; nil when there are no more. Steps of one conversation exclude
  /// each other by its lock.
  func purgeSome(_ purge: Purge, of day: Day, _ calendar: PartitionCalendar) throws -> PurgeCount? {
    guard try lock(purge.conversation) else { return nil }
    let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
    var count = PurgeCount()
    for table in place.messageTables {
      let (exchanges, messages, ids) = try deleteSome(of: table, calendar.ids(of: day), purge)
      if let ids { try enter(SearchRemoval(day: day, firstID: ids.lowerBound, lastID: ids.upperBound)) }
      count.exchanges += exchanges
      count.messages += messages
    }
    for table in place.errorTables {
      let (_, failures, ids) = try deleteSome(of: table, calendar.ids(of: day), purge)
      if let ids { try enter(SearchRemoval(day: day, firstID: ids.lowerBound, lastID: ids.upperBound)) }
      count.failures += failures
    }
    let conversation: Conversation = purge.conversation
    try deleteActiveDay(day, calendar.ids(of: day), of: conversation.id, account: conversation.accountID)
    guard count != PurgeCount() else { return nil }
    try enter(count, of: day)
    return count
  }

  /// Takes what was deleted out of the register, and enters that the day's counters of usage say more than its rows.
  private func enter(_ count: PurgeCount, of day: Day) throws {
    try insert(.purgedDays, rows: 1) { _, binds in
      binds.integer(Int64(day.number))
      binds.integer(1)
    }
    try execute(
      """
      UPDATE verbatim_partitions
      SET bytes = CASE WHEN messages > 0 THEN bytes - bytes / messages * \(count.messages) ELSE bytes END,
        exchanges = exchanges - \(count.exchanges), messages = messages - \(count.messages),
        errors = errors - \(count.failures)
      WHERE day = \(day.number)
      """)
  }

  /// Whole milliseconds, so that an exchange's rows go together.
  private func deleteSome(
    of table: String, _ ids: Range<UUIDv7>, _ purge: Purge
  ) throws -> (exchanges: Int64, messages: Int64, ids: Range<UUIDv7>?) {
    func rows(_ ids: Range<UUIDv7>) -> SQL {
      """
      FROM \(identifier: table)
      WHERE account_id = \(purge.conversation.accountID) AND conversation_id = \(purge.conversation.id)
        AND id >= \(ids.lowerBound) AND id < \(ids.upperBound) AND recorded_at <= \(purge.recordedUntil)
      """
    }
    let found: [UUIDv7] = try query("SELECT id \(rows(ids)) ORDER BY id LIMIT \(Self.rowsAtOnce)") { try $0.uuid(0) }
    guard let first = found.first, let last = found.last else { return (0, 0, nil) }
    let part: Range<UUIDv7> = ids.lowerBound..<min(.lowest(at: last.milliseconds + 1), ids.upperBound)
    let exchanges: [PurgedExchange] = try query(
      """
      SELECT id, app_id, user_id, client_message_id, response_id
      \(rows(part)) AND exchange_id = id
      """
    ) { try PurgedExchange($0) }
    for start in stride(from: 0, to: exchanges.count, by: Self.rowsAtOnce) {
      let some = exchanges[start..<min(start + Self.rowsAtOnce, exchanges.count)]
      try deleteBelongings(of: some, purge.conversation)
    }
    let others: Int = try execute("DELETE \(rows(part)) AND exchange_id <> id")
    let own: Int = try execute("DELETE \(rows(part))")
    return (Int64(own), Int64(others + own), first..<part.upperBound)
  }

  private func deleteBelongings(of exchanges: ArraySlice<PurgedExchange>, _ conversation: Conversation) throws {
    let ids: [UUIDv7] = exchanges.map(\.id)
    let account: String = conversation.accountID
    try execute("DELETE FROM message_files WHERE exchange_id IN (\(list: ids))")
    let responses: [String] = exchanges.compactMap(\.responseID)
    if !responses.isEmpty {
      try execute(
        """
        DELETE FROM verbatim_response_ids
        WHERE account_id = \(account) AND response_id IN (\(list: responses)) AND exchange_id IN (\(list: ids))
        """)
    }
    let keyed = exchanges.filter { $0.key != nil }
    for (scope, exchanges) in Dictionary(grouping: keyed, by: \.userScope) {
      for scope in [PendingExchange.scope(ofConversation: conversation.id), scope.text] {
        try execute(
          """
          DELETE FROM verbatim_message_keys
          WHERE account_id = \(account) AND scope = \(scope) AND "key" IN (\(list: exchanges.compactMap(\.key)))
            AND exchange_id IN (\(list: exchanges.map(\.id)))
          """)
      }
    }
  }
}

/// What names the rows that belong to an exchange.
private struct PurgedExchange {
  let id: UUIDv7
  let userScope: ExactText
  let key: String?
  let responseID: String?

  init(_ row: Row) throws {
    id = try row.uuid(0)
    userScope = ExactText(PendingExchange.scope(ofApp: row.text(1), user: row.text(2)))
    key = row.optionalText(3)
    responseID = row.optionalText(4)
  }
}

extension BulkInsert {
  fileprivate static let purges = BulkInsert(
    into: "verbatim_purges",
    [.init("account_id", .text), .init("conversation_id", .text), .init("requested_at", .integer)],
    onConflict: .update(key: ["account_id", "conversation_id"], changes: [.init("requested_at", .maximum)]))

  fileprivate static let purgedDays = BulkInsert(
    into: "verbatim_purged_days", [.init("day", .integer), .init("leftovers", .integer)],
    onConflict: .update(key: ["day"], changes: [.init("leftovers", .replace)]))
}

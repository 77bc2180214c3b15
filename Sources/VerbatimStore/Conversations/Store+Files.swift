import Databases
import VerbatimModel

/// A page of a conversation's files, oldest first.
package struct FilePage: Sendable {
  package var files: [(exchangeID: UUIDv7, attachment: StoredAttachment)] = []
  package var hasMore = false
}

extension Store {
  /// `last`: the file behind which the page begins. nil where there is no such conversation.
  package func files(
    of id: String, within reach: Reach, behind last: UUIDv7? = nil, limit: Int
  ) async throws -> FilePage? {
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        guard let conversation = try connection.conversation(following: id, within: reach) else { return nil }
        return try connection.files(of: conversation, behind: last, limit: limit, absent, calendar, keys)
      }
    }
  }
}

extension Connection {
  fileprivate func files(
    of conversation: Conversation, behind last: UUIDv7?, limit: Int, _ absent: Set<String>,
    _ calendar: PartitionCalendar, _ keys: ContentKeys
  ) throws -> FilePage {
    let first: UUIDv7 = try last.map { try exchange(ofFile: $0, conversation) ?? $0 } ?? .beforeAll
    // The last file's own exchange may have no more.
    let exchanges: [UUIDv7] = try exchangesWithFiles(
      of: conversation, ids: first..<max(first, .behindAll), limit: limit + 2, absent, calendar)
    var page = FilePage()
    try forEachRow(
      """
      SELECT \(unsafeSQL: StoredAttachment.columns), exchange_id
      FROM message_files
      WHERE exchange_id IN (\(list: exchanges)) AND id > \(last ?? .beforeAll)
      ORDER BY id
      LIMIT \(limit + 1)
      """
    ) { row in
      page.files.append((try row.uuid(StoredAttachment.columnCount), try StoredAttachment(row, keys)))
      return true
    }
    page.hasMore = page.files.count > limit
    page.files = Array(page.files.prefix(limit))
    return page
  }

  private func exchange(ofFile id: UUIDv7, _ conversation: Conversation) throws -> UUIDv7? {
    try first(
      """
      SELECT exchange_id
      FROM message_files
      WHERE id = \(id) AND account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      """
    ) { try $0.uuid(0) }
  }

  private func exchangesWithFiles(
    of conversation: Conversation, ids: Range<UUIDv7>, limit: Int, _ absent: Set<String>, _ calendar: PartitionCalendar
  ) throws -> [UUIDv7] {
    let places: [DayPlace] = try activePlaces(of: conversation)
    var exchanges: [UUIDv7] = []
    for span in HistorySpan.spans([.messages, .failures], ids: ids, places: places, absent: absent, calendar) {
      guard exchanges.count < limit else { break }
      let selects: [SQL] = span.tables.map { table in
        """
        SELECT id
        FROM \(identifier: table)
        WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
          AND id >= \(span.ids.lowerBound) AND id < \(span.ids.upperBound) AND attachment_count > 0
        """
      }
      exchanges += try query("\(joined: selects) ORDER BY id LIMIT \(limit - exchanges.count)") { try $0.uuid(0) }
    }
    return exchanges
  }
}

extension Connection {
  /// The days of a conversation that are entered.
  func activePlaces(of conversation: Conversation) throws -> [DayPlace] {
    try query(
      """
      SELECT d.day, \(unsafeSQL: DayPlace.columns)
      FROM verbatim_conversation_days AS d
      JOIN verbatim_day_tables AS t ON t.day = d.day
      WHERE d.account_id = \(conversation.accountID) AND d.conversation_id = \(conversation.id)
      ORDER BY d.day
      """
    ) { row in DayPlace(day: Day(number: Int32(clamping: row.integer(0))), row, from: 1) }
  }
}

import Databases
import VerbatimModel

/// A page of a conversation's messages, oldest first.
package struct MessagePage: Sendable {
  package var conversation: Conversation
  package var messages: [StoredMessage] = []
  /// Whether there are more in the direction of reading.
  package var hasMore = false
  /// About how many bytes of text they hold.
  package var textBytes = 0
}

/// A message with its id.
package struct StoredMessage: Sendable {
  package let id: UUIDv7
  package let message: Message
  /// Unix milliseconds, UTC.
  package let createdAt: Int64
}

extension Store {
  /// At most `limit` messages from one end of a conversation, or on from a message; failed exchanges are not among
  /// them. nil where there is no such conversation. Costs what it returns, as `exchanges` does, and ends early likewise.
  package func messages(
    of id: String, within reach: Reach, from place: PagePlace = .newest, limit: Int
  ) async throws -> MessagePage? {
    guard let account = reach.account else { return nil }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    let page: @Sendable (isolated Connection, Set<String>) throws -> MessagePage? = { connection, absent in
      try connection.snapshot {
        guard var conversation = try connection.conversation(following: id, within: reach) else { return nil }
        try connection.addTags(to: &conversation, keys)
        conversation = try keys.opened(conversation)
        var rows = ConversationRows(
          conversation: conversation.id, account: conversation.accountID, reach: reach, place: place,
          calendar: calendar, keys: keys)
        rows.absentTables = absent
        return try connection.messages(of: rows, MessagePage(conversation: conversation), limit: limit)
      }
    }
    let answer: MessagePage?? = try await readingReplica(id, account) { try page($0, []) }
    if let page = answer ?? nil { return page }
    return try await readingHistory(page)
  }
}

extension Connection {
  fileprivate func messages(of rows: ConversationRows, _ empty: MessagePage, limit: Int) throws -> MessagePage {
    let piece: Int? = try dialect().readsLazily ? nil : limit + 1
    var page: MessagePage = empty
    var budget = PageBudget()
    var days: ConversationDays? = try self.days(of: rows)
    while let found = days, !page.hasMore {
      for group in rows.groups(of: found.places) where !page.hasMore {
        _ = try forEachRow(of: rows, in: group, inPiecesOf: piece) { row in
          guard page.messages.count < limit, page.messages.isEmpty || !budget.isSpent else {
            page.hasMore = true
            return false
          }
          let row = HistoryRow(row, rows.keys)
          let message = StoredMessage(id: try row.id(), message: try row.message(), createdAt: row.createdAt)
          budget.spend(message.message)
          page.messages.append(message)
          return true
        }
      }
      guard found.hasMore, let last = found.places.last else { break }
      days = try self.days(of: rows, behind: last.day)
    }
    if rows.order == .newestFirst { page.messages.reverse() }
    page.textBytes = budget.spent
    return page
  }
}

import Databases
import VerbatimModel

/// A conversation as a list of items, of which each message is one or more. Removing one hides it from the list; the
/// history keeps the message until the conversation is purged.
extension Store {
  /// At most `limit` messages from one end of a conversation, or on from a message, which may be none of its own; those of
  /// failed exchanges are not among them. nil where there is no such conversation. Costs what it returns, and ends early
  /// where the messages take more than `PageBudget.bytes`.
  package func itemRows(
    of id: String, within reach: Reach, from place: PagePlace, limit: Int
  ) async throws -> ConversationItemRows? {
    guard let account = reach.account else { return nil }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    let read: @Sendable (isolated Connection, Set<String>) throws -> ConversationItemRows? = { connection, absent in
      try connection.snapshot {
        guard let conversation = try connection.conversation(following: id, within: reach) else { return nil }
        var rows = ConversationRows(
          conversation: conversation.id, account: account, reach: reach, place: place, calendar: calendar, keys: keys)
        rows.absentTables = absent
        return try connection.itemRows(of: rows, limit: limit)
      }
    }
    let answer: ConversationItemRows?? = try await readingReplica(id, account) { try read($0, []) }
    if let rows = answer ?? nil { return rows }
    return try await readingHistory(read)
  }

  /// Hides an item of a message; nil where there is no such conversation. `place`: among the message's items.
  package func removeItem(
    at place: Int, of message: UUIDv7, in id: String, within reach: Reach
  ) async throws -> Conversation? {
    let (now, keys) = (configuration.clock(), contentKeys)
    return try await changing { connection in
      try connection.transaction {
        guard let found = try connection.conversation(following: id, within: reach),
          try connection.touch(found, now: now)
        else { return nil }
        try connection.insert(.removedItems, rows: 1) { _, binds in
          binds.text(found.accountID)
          binds.text(found.id)
          binds.id(message)
          binds.integer(Int64(place))
        }
        return try connection.conversation(found.id, within: .account(found.accountID)).map(keys.opened)
      }
    }
  }
}

extension Connection {
  fileprivate func itemRows(of wanted: ConversationRows, limit: Int) throws -> ConversationItemRows {
    var page = ConversationItemRows()
    var size = 0
    var days: ConversationDays? = try self.days(of: wanted)
    while let found = days, !page.hasMore {
      for group in wanted.groups(of: found.places) where !page.hasMore && !group.messages.isEmpty {
        let rest: Int = limit + 1 - page.rows.count
        try forEachRow(wanted.query(ThreadRow.columns, group.messages, limit: rest)) { row in
          guard page.rows.count < limit, page.rows.isEmpty || size < PageBudget.bytes else {
            page.hasMore = true
            return false
          }
          let row = try ThreadRow(row, wanted.keys)
          size += row.size
          page.rows.append(ConversationItemRow(row))
          return true
        }
      }
      guard found.hasMore, let last = found.places.last else { break }
      days = try self.days(of: wanted, behind: last.day)
    }
    try addRemovals(to: &page.rows, wanted)
    return page
  }

  private func addRemovals(to rows: inout [ConversationItemRow], _ wanted: ConversationRows) throws {
    guard let first = rows.map(\.id).min(), let last = rows.map(\.id).max() else { return }
    var removed: [UUIDv7: Set<Int>] = [:]
    try forEachRow(
      """
      SELECT message_id, place
      FROM verbatim_removed_items
      WHERE account_id = \(wanted.account) AND conversation_id = \(wanted.conversation)
        AND message_id >= \(first) AND message_id <= \(last)
      """
    ) { row in
      removed[try row.uuid(0), default: []].insert(Int(row.integer(1)))
      return true
    }
    for index in rows.indices { rows[index].removed = removed[rows[index].id] ?? [] }
  }
}

extension BulkInsert {
  fileprivate static let removedItems = BulkInsert(
    into: "verbatim_removed_items",
    [
      .init("account_id", .text), .init("conversation_id", .text), .init("message_id", .id),
      .init("place", .integer),
    ],
    onConflict: .keep(key: ["account_id", "conversation_id", "message_id", "place"]))
}

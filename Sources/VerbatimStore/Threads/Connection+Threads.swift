import Databases
import VerbatimModel

/// A message that a thread was found by.
struct FoundHead: Sendable {
  let messageID: UUIDv7
  let conversationID: String
  /// Messages of the request up to it.
  let count: Int
}

extension Connection {
  private static let headsAtOnce = 100
  private static let headColumns: [BulkInsert.Column] = [
    .init("account_id", .text), .init("hash", .id), .init("message_id", .id), .init("exchange_id", .id),
    .init("conversation_id", .text),
  ]

  /// The head of the most messages, the newest of those; `hashes`: with how many messages each is of, most first.
  func head(
    among hashes: [(head: UUIDv7, count: Int)], account: String, conversation: String?
  ) throws -> FoundHead? {
    let within: SQL = conversation.map { "AND h.conversation_id = \($0)" } ?? ""
    for start in stride(from: 0, to: hashes.count, by: Self.headsAtOnce) {
      let part = hashes[start..<min(start + Self.headsAtOnce, hashes.count)]
      let counts = Dictionary(part.map { ($0.head, $0.count) }, uniquingKeysWith: max)
      let found: [FoundHead] = try query(
        """
        SELECT h.hash, h.message_id, h.conversation_id
        FROM verbatim_chain_heads AS h
        JOIN conversations AS c ON c.account_id = h.account_id AND c.id = h.conversation_id
        WHERE h.account_id = \(account) AND h.hash IN (\(list: part.map(\.head))) \(within)
          AND c.status <> 'deleted'
        """
      ) { row in
        FoundHead(
          messageID: try row.uuid(1), conversationID: row.text(2), count: counts[try row.uuid(0)] ?? 0)
      }
      if let best = found.max(by: { ($0.count, $0.messageID) < ($1.count, $1.messageID) }) { return best }
    }
    return nil
  }

  func insertHeads(of batch: [PendingExchange]) throws(DatabaseError) {
    let rows: [(pending: PendingExchange, head: ThreadPlace.Head)] = batch.flatMap { pending in
      (pending.exchange.thread?.heads ?? []).map { (pending, $0) }
    }
    try insert(BulkInsert(into: "verbatim_chain_heads", Self.headColumns), rows: rows.count) { index, binds in
      let (pending, head) = rows[index]
      binds.text(pending.accountID)
      binds.id(UUIDv7(head: head.hash))
      binds.id(pending.firstID.adding(UInt64(head.row)))
      binds.id(pending.id)
      binds.text(pending.conversationID)
    }
  }

  /// The conversation's rows up to a message; nil where it is not within reach, or larger than `limit`, beyond which
  /// nothing is read.
  func threadRows(
    of conversation: String, upTo message: UUIDv7, account: String, within reach: Reach, absent: Set<String>,
    _ calendar: PartitionCalendar, _ keys: ContentKeys, limit: Int = ThreadRows.mostBytes
  ) throws -> ThreadRows? {
    var wanted = ConversationRows(
      conversation: conversation, account: account, reach: reach, place: .before(message.adding(1)), calendar: calendar,
      keys: keys)
    wanted.absentTables = absent
    var found: [ThreadRow] = []
    var size = 0
    var days: ConversationDays? = try self.days(of: wanted)
    guard days != nil else { return nil }
    while let some = days {
      // A day whose tables are gone has none to ask.
      for group in wanted.groups(of: some.places) where !group.messages.isEmpty {
        try forEachRow(wanted.query(ThreadRow.columns, group.messages, limit: nil)) { row in
          let row = try ThreadRow(row, keys)
          size += row.size
          found.append(row)
          return size <= limit
        }
        guard size <= limit else { return nil }
      }
      guard some.hasMore, let last = some.places.last else { break }
      days = try self.days(of: wanted, behind: last.day)
    }
    var rows = ThreadRows()
    for row in found.sorted(by: { $0.id < $1.id }) { rows.add(row) }
    return rows
  }
}

import Databases
import VerbatimModel

/// Reads messages for the index.
extension Connection {
  /// So few that nobody waits long for the connection.
  private static let rowsAtOnce = 250
  private static let bytesAtOnce = 8 << 20

  /// The newest of a day's messages before an id, newest first, of as many as memory is to hold at once; empty at the
  /// day's beginning.
  func indexedMessages(
    in tables: [SearchedTable], _ ids: Range<UUIDv7>, _ keys: ContentKeys
  ) throws -> [IndexedMessage] {
    var pages: [[IndexedMessage]] = []
    // Each table's page may end at another place; what lies before the latest of these is left to the next.
    var floor: UUIDv7 = ids.lowerBound
    for table in tables {
      let (page, isWhole) = try messages(in: table, "m.id >= \(ids.lowerBound) AND m.id < \(ids.upperBound)", keys)
      if !isWhole, let last = page.last { floor = max(floor, last.id) }
      pages.append(page)
    }
    var messages: [IndexedMessage] = pages.joined().filter { $0.id >= floor }
    if tables.count > 1 { messages.sort { $0.id > $1.id } }
    try addModels(to: &messages, from: tables)
    return messages
  }

  /// The newest messages of exchanges, newest first, of as many as memory is to hold at once, and before which id the
  /// others lie; nil for none. `ids`: what they lie in.
  func indexedMessages(
    of exchanges: [UUIDv7], in tables: [SearchedTable], _ ids: Range<UUIDv7>, _ keys: ContentKeys
  ) throws -> (messages: [IndexedMessage], rest: UUIDv7?) {
    var pages: [[IndexedMessage]] = []
    var floor: UUIDv7?
    for table in tables {
      let (page, isWhole) = try messages(
        in: table,
        """
        m.id >= \(ids.lowerBound) AND m.id < \(ids.upperBound) AND m.exchange_id IN (\(list: exchanges))
        """, keys)
      if !isWhole, let last = page.last { floor = max(floor ?? last.id, last.id) }
      pages.append(page)
    }
    var messages: [IndexedMessage] = pages.joined().filter { message in floor.map { message.id >= $0 } ?? true }
    if tables.count > 1 { messages.sort { $0.id > $1.id } }
    try addModels(to: &messages, from: tables)
    return (messages, floor)
  }

  /// Newest first; and whether these are all.
  private func messages(
    in table: SearchedTable, _ condition: SQL, _ keys: ContentKeys
  ) throws -> (messages: [IndexedMessage], areAll: Bool) {
    var messages: [IndexedMessage] = []
    var size = 0
    var query: SQL = """
      SELECT \(unsafeSQL: IndexedMessage.columns(of: table))
      FROM \(identifier: table.name) AS m
      LEFT JOIN conversations AS c ON c.account_id = m.account_id AND c.id = m.conversation_id
      WHERE \(condition)
      ORDER BY m.id DESC
      LIMIT \(Self.rowsAtOnce)
      """
    query.isVarying = true
    try forEachRow(query) { row in
      let message = try IndexedMessage(row, of: table, keys)
      messages.append(message)
      size += message.content?.count ?? 0
      return size < Self.bytesAtOnce
    }
    return (messages, messages.count < Self.rowsAtOnce && size < Self.bytesAtOnce)
  }

  /// An exchange's model stands on one of its rows, which may be on another page.
  private func addModels(to messages: inout [IndexedMessage], from tables: [SearchedTable]) throws {
    var models: [UUIDv7: String] = [:]
    var unknown: Set<UUIDv7> = []
    for message in messages where message.id == message.exchangeID { models[message.id] = message.model ?? "" }
    for message in messages where models[message.exchangeID] == nil { unknown.insert(message.exchangeID) }
    if !unknown.isEmpty {
      for table in tables where !table.holdsFailures {
        var query: SQL = "SELECT id, model_name FROM \(identifier: table.name) WHERE id IN (\(list: Array(unknown)))"
        query.isVarying = true
        try forEachRow(query) { row in
          models[try row.uuid(0)] = row.text(1)
          return true
        }
      }
    }
    for index in messages.indices {
      messages[index].model = models[messages[index].exchangeID].flatMap { $0.isEmpty ? nil : $0 }
    }
  }
}

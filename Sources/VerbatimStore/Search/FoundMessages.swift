import Databases
import VerbatimModel

/// Looks at messages themselves: what the index has named may be gone, of somebody else, or no match after all.
struct FoundMessages {
  private let request: SearchRequest
  private let calendar: PartitionCalendar
  private let keys: ContentKeys
  private let absent: Set<String>
  private var places: [Day: [SearchedTable]] = [:]

  /// `absent`: tables that were found to be gone.
  init(_ request: SearchRequest, _ calendar: PartitionCalendar, _ keys: ContentKeys, absent: Set<String>) {
    self.request = request
    self.calendar = calendar
    self.keys = keys
    self.absent = absent
  }

  /// Those of the ids that are results, in their order.
  mutating func results(of ids: [UUIDv7], on connection: isolated Connection) throws -> [SearchResult] {
    var idsOfTables: [SearchedTable: [UUIDv7]] = [:]
    for id in ids {
      for table in try tables(of: calendar.day(of: id.milliseconds), on: connection) {
        idsOfTables[table, default: []].append(id)
      }
    }
    var results: [UUIDv7: SearchResult] = [:]
    var text = SearchText()
    for (table, ids) in idsOfTables where !table.holdsFailures || request.role ?? FailureText.role == FailureText.role {
      try connection.forEachRow(query(of: ids, in: table)) { row in
        let id: UUIDv7 = try row.uuid(0)
        results[id] = try result(id, row, of: table, &text)
        return true
      }
    }
    return ids.compactMap { results[$0] }
  }

  private mutating func tables(of day: Day, on connection: isolated Connection) throws -> [SearchedTable] {
    if let known = places[day] { return known }
    let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
    let tables: [SearchedTable] = place.searchedTables(without: absent)
    places[day] = tables
    return tables
  }

  private func result(
    _ id: UUIDv7, _ row: Row, of table: SearchedTable, _ text: inout SearchText
  ) throws -> SearchResult? {
    guard let content = try content(of: id, row, table) else { return nil }
    text.set(content)
    guard let match = SearchMatch(request.query, in: text) else { return nil }
    return SearchResult(
      conversationID: row.text(1), messageID: id, exchangeID: try row.uuid(2),
      role: table.holdsFailures ? FailureText.role : row.text(3),
      snippet: Snippet.html(of: content, marking: match.ranges), createdAt: row.integer(4), score: match.score)
  }

  /// nil where there is none, or it is sealed.
  private func content(of id: UUIDv7, _ row: Row, _ table: SearchedTable) throws -> Bytes? {
    let stored: Bytes? = row.bytes(5)
    guard !table.holdsFailures else {
      return try FailureText.text(of: id, content: stored, request: row.bytes(6), message: row.bytes(7), keys)
    }
    guard let stored, !ContentKeys.isSealed(stored) else { return nil }
    return try keys.opened(stored, of: id, .content)
  }

  private func query(of ids: [UUIDv7], in table: SearchedTable) -> SQL {
    var condition: SQL = "c.status <> 'deleted' AND \(request.reach.condition(on: "c"))"
    if let app = request.app { condition = "\(condition) AND c.app_id = \(app)" }
    if let user = request.user { condition = "\(condition) AND c.user_id = \(user)" }
    if let role = request.role, !table.holdsFailures { condition = "\(condition) AND m.role = \(role)" }
    if let model = request.model { condition = "\(condition) AND e.model_name = \(model)" }
    let exchange: SQL =
      request.model == nil ? "" : "\nJOIN \(identifier: table.name) AS e ON e.id = m.exchange_id"
    let failure: SQL = table.holdsFailures ? ", m.request, m.error_message" : ""
    var query: SQL = """
      SELECT m.id, m.conversation_id, m.exchange_id, m.role, m.created_at, m.content\(failure)
      FROM \(identifier: table.name) AS m
      JOIN conversations AS c ON c.account_id = m.account_id AND c.id = m.conversation_id\(exchange)
      WHERE m.id IN (\(list: ids)) AND \(condition)
      """
    query.isVarying = true
    return query
  }
}

import Databases
import VerbatimModel

/// Follows what refers to exchanges: keys, files and ids of responses. The exchange's id names its day, so each is
/// looked for where that day's rows are; what refers to a dropped day is left to the sweep after it.
extension Connection {
  private static let referencesAtOnce = 20_000
  private static let idsAtOnce = 200

  private struct Reference {
    let exchangeID: UUIDv7
    let accountID: String
    /// nil where the referring row has none.
    let conversationID: String?
    let finding: String

    func leads(to owner: (account: String, conversation: String)?) -> Bool {
      guard let owner, ExactText(owner.account) == ExactText(accountID) else { return false }
      return conversationID.map { ExactText($0) == ExactText(owner.conversation) } ?? true
    }
  }

  /// A table whose rows refer to exchanges, and how what is wrong is told.
  private struct Referrer: Sendable {
    let table: String
    let key: [BulkInsert.Column]
    /// The column of the conversation, or NULL.
    let conversation: String
    /// The place in the key of what a finding names.
    let label: Int
    let finding: @Sendable (_ account: String, _ conversation: String, _ label: String, UUIDv7) -> String

    var columns: [String] { key.map { "\"\($0.name)\"" } }

    static let all: [Referrer] = [keys, files, responseIDs]

    private static let keys = Referrer(
      table: "verbatim_message_keys", key: [.init("account_id", .text), .init("scope", .text), .init("key", .text)],
      conversation: "conversation_id", label: 2
    ) { account, conversation, key, _ in
      "idempotency keys without exchange: \(account)/\(conversation) key \(key) leads to an exchange that is missing"
    }

    private static let files = Referrer(
      table: "message_files", key: [.init("id", .id)], conversation: "conversation_id", label: 0
    ) { account, conversation, _, id in
      "files without exchange: \(account)/\(conversation) a file belongs to exchange \(id), which is missing"
    }

    private static let responseIDs = Referrer(
      table: "verbatim_response_ids",
      key: [.init("account_id", .text), .init("response_id", .text), .init("exchange_id", .id)],
      conversation: "NULL", label: 1
    ) { account, _, response, id in
      "response ids without exchange: \(account)/\(response) leads to exchange \(id), which is missing"
    }
  }

  func checkReferences(_ map: HistoryMap) throws -> [String] {
    var findings: [String] = []
    for referrer in Referrer.all {
      var cursor: [SQLValue]?
      var found: [String] = []
      repeat {
        let (references, last) = try references(of: referrer, behind: cursor)
        found += try missing(references, map)
        cursor = references.count == Self.referencesAtOnce ? last : nil
      } while cursor != nil && found.count < Check.limit
      findings += found.prefix(Check.limit)
    }
    return findings
  }

  private func references(
    of referrer: Referrer, behind cursor: [SQLValue]?
  ) throws -> (references: [Reference], last: [SQLValue]?) {
    let dialect: Dialect = try dialect()
    let condition: SQL = cursor.map { dialect.isBehind($0, in: referrer.columns) } ?? "1 = 1"
    let key: String = referrer.columns.joined(separator: ", ")
    var last: [SQLValue]?
    let references: [Reference] = try query(
      """
      SELECT exchange_id, account_id, \(unsafeSQL: referrer.conversation), \(unsafeSQL: key)
      FROM \(identifier: referrer.table)
      WHERE \(condition)
      ORDER BY \(unsafeSQL: key)
      LIMIT \(Self.referencesAtOnce)
      """
    ) { row in
      let id: UUIDv7 = try row.uuid(0)
      last = try referrer.key.enumerated().map { index, column in
        column.type == .id ? try row.uuid(3 + index).sqlValue : .text(row.text(3 + index))
      }
      return Reference(
        exchangeID: id, accountID: row.text(1), conversationID: row.optionalText(2),
        finding: referrer.finding(row.text(1), row.text(2), row.text(3 + referrer.label), id))
    }
    return (references, last)
  }

  private func missing(_ references: [Reference], _ map: HistoryMap) throws -> [String] {
    var findings: [String] = []
    let byDay = Dictionary(grouping: references) { map.calendar.day(of: $0.exchangeID.milliseconds) }
    for (day, references) in byDay.sorted(by: { $0.key < $1.key }) where !map.droppedDays.contains(day) {
      let place: DayPlace = map.place(of: day)
      for start in stride(from: 0, to: references.count, by: Self.idsAtOnce) {
        let part = references[start..<min(start + Self.idsAtOnce, references.count)]
        let owners = try owners(of: part.map(\.exchangeID), in: place.messageTables + place.errorTables)
        findings += part.filter { !$0.leads(to: owners[$0.exchangeID]) }.map(\.finding)
      }
    }
    return findings
  }

  /// Whose these exchanges are, as far as they are there.
  private func owners(of ids: [UUIDv7], in tables: [String]) throws -> [UUIDv7: (account: String, conversation: String)]
  {
    var owners: [UUIDv7: (account: String, conversation: String)] = [:]
    for table in tables {
      try forEachRow(
        "SELECT id, account_id, conversation_id FROM \(identifier: table) WHERE id IN (\(list: ids))"
      ) { row in
        owners[try row.uuid(0)] = (row.text(1), row.text(2))
        return true
      }
    }
    return owners
  }
}

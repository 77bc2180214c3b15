import Databases
import VerbatimModel

/// A row that refers to an exchange.
struct ExchangeReference {
  let exchangeID: UUIDv7
  let accountID: String
  /// nil where the referring row has none.
  let conversationID: String?
  /// The referring row's own key.
  let key: [SQLValue]

  func leads(to owner: (account: String, conversation: String)?) -> Bool {
    guard let owner, ExactText(owner.account) == ExactText(accountID) else { return false }
    return conversationID.map { ExactText($0) == ExactText(owner.conversation) } ?? true
  }
}

/// A table whose rows refer to exchanges, and how what is wrong is told.
struct ExchangeReferrer: Sendable {
  let table: String
  let key: [BulkInsert.Column]
  /// The column of the conversation, or NULL.
  let conversation: String
  let finding: @Sendable (ExchangeReference) -> String

  var columns: [String] { key.map { "\"\($0.name)\"" } }

  static let all: [ExchangeReferrer] = [keys, files, responseIDs, heads]

  private static let keys = ExchangeReferrer(
    table: "verbatim_message_keys", key: [.init("account_id", .text), .init("scope", .text), .init("key", .text)],
    conversation: "conversation_id"
  ) { row in
    "idempotency keys without exchange: \(row.accountID)/\(row.conversationID ?? "") a key leads to exchange "
      + "\(row.exchangeID), which is missing"
  }

  private static let files = ExchangeReferrer(
    table: "message_files", key: [.init("id", .id)], conversation: "conversation_id"
  ) { row in
    "files without exchange: \(row.accountID)/\(row.conversationID ?? "") a file belongs to exchange "
      + "\(row.exchangeID), which is missing"
  }

  private static let responseIDs = ExchangeReferrer(
    table: "verbatim_response_ids",
    key: [.init("account_id", .text), .init("response_id", .text), .init("exchange_id", .id)], conversation: "NULL"
  ) { row in
    "response ids without exchange: one of \(row.accountID) leads to exchange \(row.exchangeID), which is missing"
  }

  private static let heads = ExchangeReferrer(
    table: "verbatim_chain_heads",
    key: [.init("account_id", .text), .init("hash", .id), .init("message_id", .id)], conversation: "conversation_id"
  ) { row in
    "heads without exchange: \(row.accountID)/\(row.conversationID ?? "") a head belongs to exchange "
      + "\(row.exchangeID), which is missing"
  }
}

extension Connection {
  private static let idsAtOnce = 200

  /// Rows in the order of their key, behind one of them; `ids`: only what refers to exchanges of these ids.
  func references(
    of referrer: ExchangeReferrer, behind cursor: [SQLValue]?, ids: [Range<UUIDv7>]? = nil, limit: Int
  ) throws -> [ExchangeReference] {
    let dialect: Dialect = try dialect()
    let isBehind: SQL = cursor.map { dialect.isBehind($0, in: referrer.columns) } ?? "1 = 1"
    let key: String = referrer.columns.joined(separator: ", ")
    return try query(
      """
      SELECT exchange_id, account_id, \(unsafeSQL: referrer.conversation), \(unsafeSQL: key)
      FROM \(identifier: referrer.table)
      WHERE \(isBehind) AND \(Self.isWithin(ids))
      ORDER BY \(unsafeSQL: key)
      LIMIT \(limit)
      """
    ) { row in
      ExchangeReference(
        exchangeID: try row.uuid(0), accountID: row.text(1), conversationID: row.optionalText(2),
        key: try referrer.key.enumerated().map { index, column in
          column.type == .id ? try row.uuid(3 + index).sqlValue : .text(row.text(3 + index))
        })
    }
  }

  private static func isWithin(_ ids: [Range<UUIDv7>]?) -> SQL {
    guard let ids else { return "1 = 1" }
    let ranges: SQL = ids.reduce("1 = 0") { condition, range in
      "\(condition) OR (exchange_id >= \(range.lowerBound) AND exchange_id < \(range.upperBound))"
    }
    return "(\(ranges))"
  }

  /// Those whose exchange is not where its day's rows are.
  func missing(_ references: [ExchangeReference], _ map: HistoryMap) throws -> [ExchangeReference] {
    var missing: [ExchangeReference] = []
    let byDay = Dictionary(grouping: references) { map.calendar.day(of: $0.exchangeID.milliseconds) }
    for (day, references) in byDay.sorted(by: { $0.key < $1.key }) {
      let place: DayPlace = map.place(of: day)
      for start in stride(from: 0, to: references.count, by: Self.idsAtOnce) {
        let part = references[start..<min(start + Self.idsAtOnce, references.count)]
        let owners = try owners(of: part.map(\.exchangeID), in: place.messageTables + place.errorTables)
        missing += part.filter { !$0.leads(to: owners[$0.exchangeID]) }
      }
    }
    return missing
  }

  /// Whose these exchanges are, as far as they are there.
  private func owners(
    of ids: [UUIDv7], in tables: [String]
  ) throws -> [UUIDv7: (account: String, conversation: String)] {
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

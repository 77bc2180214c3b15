import Databases
import VerbatimModel

/// How a completion is read: with what opens it, and without tables that are gone.
struct CompletionReading: Sendable {
  let reach: Reach
  let calendar: PartitionCalendar
  let keys: ContentKeys
  var absentTables: Set<String> = []
}

extension Connection {
  private static let idsAtOnce = 100
  /// A page that holds something and has looked at so many ends.
  private static let mostLookedAt = 2000

  /// The newest exchange that a provider answered under this id, or the one that this id is its own of.
  func completion(_ responseID: String, _ reading: CompletionReading) throws -> StoredExchange? {
    let named: StoredExchange? = try forEachPage(of: responseID, reading) { ids in
      let reached: Set<UUIDv7> = try within(ids, reading)
      for id in ids where reached.contains(id) {
        if let exchange = try exchange(id, reading) { return exchange }
      }
      return nil
    }
    if let named { return named }
    return try UUIDv7(responseID).flatMap { try exchange($0, reading) }
  }

  /// Calls `body` with the account's exchanges that have this id, the newest first, until it answers something. Some
  /// providers give all answers the same id, so the pages are as many as it takes.
  private func forEachPage<Result>(
    of responseID: String, _ reading: CompletionReading, _ body: ([UUIDv7]) throws -> Result?
  ) throws -> Result? {
    guard let account = reading.reach.account else { return nil }
    var last: UUIDv7 = .behindAll
    while true {
      let ids: [UUIDv7] = try query(
        """
        SELECT exchange_id
        FROM verbatim_response_ids
        WHERE account_id = \(account) AND response_id = \(responseID) AND exchange_id < \(last)
        ORDER BY exchange_id DESC
        LIMIT \(Self.idsAtOnce)
        """
      ) { try $0.uuid(0) }
      if let result = try body(ids) { return result }
      guard ids.count == Self.idsAtOnce, let oldest = ids.last else { return nil }
      last = oldest
    }
  }

  /// Those of the exchanges that are within reach, in conversations that were not deleted. `condition`: of their row `m`.
  private func within(
    _ ids: [UUIDv7], _ reading: CompletionReading, of tables: KeyPath<DayPlace, [String]> = \.messageTables,
    where condition: SQL = "1 = 1"
  ) throws -> Set<UUIDv7> {
    let days: [Day: [UUIDv7]] = Dictionary(grouping: ids) { reading.calendar.day(of: $0.milliseconds) }
    var found: Set<UUIDv7> = []
    for some in days.values {
      for table in try place(of: some[0], reading)[keyPath: tables] where !reading.absentTables.contains(table) {
        let reached: [UUIDv7] = try query(
          """
          SELECT m.id
          FROM \(identifier: table) AS m
          JOIN conversations AS c ON c.account_id = m.account_id AND c.id = m.conversation_id
          WHERE m.id IN (\(list: some)) AND m.exchange_id = m.id AND \(reading.reach.condition(on: "c"))
            AND c.status <> 'deleted' AND \(condition)
          """
        ) { try $0.uuid(0) }
        found.formUnion(reached)
      }
    }
    return found
  }

  /// nil where it is not within reach, has failed, or belongs to a conversation that was deleted.
  func exchange(_ id: UUIDv7, _ reading: CompletionReading) throws -> StoredExchange? {
    for table in try messageTables(of: id, reading) {
      let conversation: String? = try first(
        """
        SELECT m.conversation_id
        FROM \(identifier: table) AS m
        JOIN conversations AS c ON c.account_id = m.account_id AND c.id = m.conversation_id
        WHERE m.id = \(id) AND m.exchange_id = m.id AND \(reading.reach.condition(on: "c")) AND c.status <> 'deleted'
        """
      ) { $0.text(0) }
      guard let conversation else { continue }
      var builder = ExchangePageBuilder(order: .oldestFirst, limit: 1)
      try forEachRow(
        """
        SELECT \(unsafeSQL: HistoryRow.columns)
        FROM \(identifier: table)
        WHERE account_id = \(reading.reach.account ?? "") AND conversation_id = \(conversation)
          AND id >= \(UUIDv7.lowest(at: id.milliseconds)) AND id < \(UUIDv7.lowest(at: id.milliseconds + 1))
          AND exchange_id = \(id)
        ORDER BY id
        """
      ) { try builder.add(HistoryRow($0, reading.keys)) }
      guard var exchange = builder.finish().exchanges.first else { return nil }
      var lenders = Lenders(reading.calendar, reading.keys, absent: reading.absentTables)
      try addLoans(to: &exchange, account: reading.reach.account ?? "", &lenders)
      return exchange
    }
    return nil
  }

  /// A failed one; the caller has seen that the conversation is within reach.
  func failedExchange(
    _ id: UUIDv7, of conversation: String, _ reading: CompletionReading
  ) throws -> StoredExchange? {
    for table in try place(of: id, reading).errorTables where !reading.absentTables.contains(table) {
      let found: StoredExchange? = try first(
        """
        SELECT \(unsafeSQL: HistoryRow.columns), error_code, error_message
        FROM \(identifier: table)
        WHERE id = \(id) AND account_id = \(reading.reach.account ?? "") AND conversation_id = \(conversation)
        """
      ) { try HistoryRow($0, reading.keys).failedExchange() }
      if let found { return found }
    }
    return nil
  }

  private func messageTables(of id: UUIDv7, _ reading: CompletionReading) throws -> [String] {
    try place(of: id, reading).messageTables.filter { !reading.absentTables.contains($0) }
  }

  private func place(of id: UUIDv7, _ reading: CompletionReading) throws -> DayPlace {
    let day: Day = reading.calendar.day(of: id.milliseconds)
    return try dayPlace(of: day) ?? .unentered(day)
  }

  func completions(
    matching wanted: CompletionQuery, _ reading: CompletionReading
  ) throws -> CompletionPage? {
    guard let account = wanted.reach.account else { return nil }
    var cursor: UUIDv7 = wanted.isNewestFirst ? .behindAll : .beforeAll
    if let after = wanted.after {
      guard let last = try completion(after, reading) else { return nil }
      cursor = last.id
    }
    var page = CompletionPage()
    var lookedAt = 0
    while true {
      let ids: [UUIDv7] = try responseExchanges(of: account, behind: cursor, wanted.isNewestFirst)
      for id in try candidates(among: ids, for: wanted, reading) {
        guard let exchange = try exchange(id, reading), wanted.matches(exchange) else { continue }
        guard page.completions.count < wanted.limit else {
          page.hasMore = true
          return page
        }
        page.completions.append(ListedCompletion(id: try listedID(of: exchange, reading), exchange: exchange))
      }
      guard ids.count == Self.idsAtOnce, let last = ids.last else { return page }
      lookedAt += ids.count
      guard lookedAt < Self.mostLookedAt || page.completions.isEmpty else {
        page.hasMore = true
        return page
      }
      cursor = last
    }
  }

  /// Those that may be listed, in their order, as far as columns say it: one statement for a day's, since most may be
  /// another's.
  private func candidates(
    among ids: [UUIDv7], for wanted: CompletionQuery, _ reading: CompletionReading
  ) throws -> [UUIDv7] {
    let model: SQL = wanted.model.map { "AND m.model_name = \($0)" } ?? ""
    let metadata: SQL = wanted.metadata.isEmpty ? "" : #"AND m."other" IS NOT NULL"#
    var found: Set<UUIDv7> = []
    for part in Dictionary(grouping: ids, by: { reading.calendar.day(of: $0.milliseconds) }).values {
      for table in try messageTables(of: part[0], reading) {
        found.formUnion(
          try query(
            """
            SELECT m.id
            FROM \(identifier: table) AS m
            JOIN conversations AS c ON c.account_id = m.account_id AND c.id = m.conversation_id
            WHERE m.id IN (\(list: part)) AND m.exchange_id = m.id AND \(reading.reach.condition(on: "c"))
              AND c.status <> 'deleted' \(model) \(metadata)
            """
          ) { try $0.uuid(0) })
      }
    }
    return ids.filter(found.contains)
  }

  /// The provider's id where it leads to this exchange; where it gave a newer one the same, the exchange's own.
  private func listedID(of exchange: StoredExchange, _ reading: CompletionReading) throws -> String {
    guard let id = exchange.responseID, try completion(id, reading)?.id == exchange.id else {
      return exchange.id.description
    }
    return id
  }

  private func responseExchanges(of account: String, behind cursor: UUIDv7, _ isNewestFirst: Bool) throws -> [UUIDv7] {
    let (comparison, order) = isNewestFirst ? ("<", "DESC") : (">", "ASC")
    return try query(
      """
      SELECT exchange_id
      FROM verbatim_response_ids
      WHERE account_id = \(account) AND exchange_id \(unsafeSQL: comparison) \(cursor)
      ORDER BY exchange_id \(unsafeSQL: order)
      LIMIT \(Self.idsAtOnce)
      """
    ) { try $0.uuid(0) }
  }

  /// Replaces an exchange's metadata; whether it is there.
  func setMetadata(_ metadata: Bytes?, of exchange: UUIDv7, _ reading: CompletionReading) throws -> Bool {
    let stored: String? = metadata.map { reading.keys.sealed($0, of: exchange, .other).string }
    for table in try messageTables(of: exchange, reading) {
      let changed: Int = try execute(
        "UPDATE \(identifier: table) SET \"other\" = \(stored) WHERE id = \(exchange) AND exchange_id = id")
      if changed > 0 { return true }
    }
    return false
  }

  /// Answers whether an exchange within reach had this id.
  func forgetResponse(_ responseID: String, _ reading: CompletionReading) throws -> Bool {
    var count = 0
    let _: Never? = try forEachPage(of: responseID, reading) { ids in
      let reached: Set<UUIDv7> = try within(ids, reading)
      guard !reached.isEmpty else { return nil }
      count += try execute(
        """
        DELETE FROM verbatim_response_ids
        WHERE account_id = \(reading.reach.account ?? "") AND response_id = \(responseID)
          AND exchange_id IN (\(list: reached.sorted()))
        """)
      return nil
    }
    return count > 0
  }
}

/// What tells whose an id is that a provider gave.
extension Connection {
  /// Whether an exchange out of reach has this id, in whatever account. Costs a few looks at an index for each account.
  func isCompletion(_ responseID: String, beyond reading: CompletionReading) throws -> Bool {
    let isNear: Bool? = try forEachPage(of: responseID, reading) { ids in
      let own: Set<UUIDv7> = try within(ids, reading).union(within(ids, reading, of: \.errorTables))
      return own.count < ids.count ? true : nil
    }
    if isNear == true { return true }
    return try first(
      """
      WITH RECURSIVE accounts (name) AS (
        SELECT min(account_id) FROM verbatim_response_ids
        UNION ALL
        SELECT (SELECT min(r.account_id) FROM verbatim_response_ids AS r WHERE r.account_id > a.name)
        FROM accounts AS a
        WHERE a.name IS NOT NULL
      )
      SELECT 1
      FROM accounts AS a
      JOIN verbatim_response_ids AS r ON r.account_id = a.name AND r.response_id = \(responseID)
      WHERE a.name <> \(reading.reach.account ?? "")
      LIMIT 1
      """
    ) { _ in true } ?? false
  }

  /// Whether a channel answered a call within reach under this id, be it that the call failed later. An exchange that is
  /// only recorded may have any id.
  func isOfChannel(_ responseID: String, _ reading: CompletionReading) throws -> Bool {
    let isOne: Bool? = try forEachPage(of: responseID, reading) { ids in
      for tables in [\DayPlace.messageTables, \.errorTables] {
        if try !within(ids, reading, of: tables, where: "m.channel_id IS NOT NULL").isEmpty { return true }
      }
      return nil
    }
    return isOne ?? false
  }
}

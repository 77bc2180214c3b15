import Databases
import VerbatimModel

/// Pages of the whole history, day by day.
extension Connection {
  /// Rows that are asked for at once where an engine works out all that it is asked for.
  private static let rowsAtOnce = 1_000
  /// Days without anything that one page passes over, at most.
  private static let daysAtOnce = 50

  func exportPage(
    _ selection: ExportSelection, from place: ExportPlace?, calendar: PartitionCalendar, keys: ContentKeys,
    absent: Set<String>
  ) throws -> ExportPage {
    var gatherer = ExportGatherer(selection, keys: keys)
    var next: ExportPlace? = try place ?? firstPlace(of: selection, behind: nil)
    var days = 0
    while case .row(let day, let table, let after)? = next, !gatherer.isFull, days < Self.daysAtOnce {
      guard table < 4 else {
        next = try firstPlace(of: selection, behind: day)
        days += 1
        continue
      }
      let ids: Range<UUIDv7> = max(after.adding(1), calendar.ids(of: day).lowerBound)..<calendar.ids(of: day).upperBound
      gatherer.forgetLast()
      if let name = try exportTable(table, of: day, selection, absent),
        try !readExport(selection, name, isFailure: table >= 2, ids, into: &gatherer)
      {
        next = .row(day: day, table: table, after: gatherer.lastID ?? after)
      } else {
        next = .row(day: day, table: table + 1, after: .beforeAll)
      }
    }
    let lenders = Lenders(calendar, keys, absent: absent)
    return ExportPage(exchanges: try finished(gatherer.exchanges, selection.reach, keys, lenders), next: next)
  }

  /// Where the next day begins that may hold some.
  private func firstPlace(of selection: ExportSelection, behind day: Day?) throws -> ExportPlace? {
    let first: Int32 = max(selection.firstDay?.number ?? 0, day.map { $0.number + 1 } ?? 0)
    let last: Int32 = selection.lastDay?.number ?? .max
    let number: Int64?? =
      if let conversation = selection.conversation {
        try self.first(
          """
          SELECT min(day)
          FROM verbatim_conversation_days
          WHERE account_id = \(selection.reach.account ?? "") AND conversation_id = \(conversation)
            AND day >= \(first) AND day <= \(last)
          """
        ) { $0.optionalInteger(0) }
      } else {
        try self.first(
          """
          SELECT min(day)
          FROM verbatim_partitions
          WHERE day >= \(first) AND day <= \(last) AND exchanges + errors > 0
          """
        ) { $0.optionalInteger(0) }
      }
    guard let number = number ?? nil else { return nil }
    return .row(day: Day(number: Int32(clamping: number)), table: 0, after: .beforeAll)
  }

  /// The name of one of a day's four tables; nil where it is not there, or holds nothing that is wanted.
  private func exportTable(
    _ table: Int, of day: Day, _ selection: ExportSelection, _ absent: Set<String>
  ) throws -> String? {
    let isFailure: Bool = table >= 2
    if let status = selection.status, (status == .error) != isFailure { return nil }
    let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
    let isThere: Bool
    let name: String
    if table.isMultiple(of: 2) {
      isThere = place.hasSingleRows
      name = isFailure ? Partition.whole.failures.table : Partition.whole.messages.table
    } else {
      isThere = isFailure ? place.hasErrorTable : place.hasMessageTable
      name = isFailure ? Partition.errorTable(of: day) : Partition.messageTable(of: day)
    }
    return isThere && !absent.contains(name) ? name : nil
  }

  /// Answers whether the table was read to the end of the range.
  private func readExport(
    _ selection: ExportSelection, _ table: String, isFailure: Bool, _ ids: Range<UUIDv7>,
    into gatherer: inout ExportGatherer
  ) throws -> Bool {
    let piece: Int? = try dialect().readsLazily ? nil : Self.rowsAtOnce
    var start: UUIDv7 = ids.lowerBound
    while true {
      var query: SQL = """
        SELECT \(unsafeSQL: ExportGatherer.columns(isFailure: isFailure))
        FROM \(identifier: table)
        WHERE id >= \(start) AND id < \(ids.upperBound)\(selection.rowCondition)
        ORDER BY id
        """
      if let piece { query = "\(query)\nLIMIT \(piece)" }
      query.isVarying = !Partition.wholeTables.contains(table)
      var count = 0
      var last: UUIDv7 = start
      var isMoreWanted = true
      try forEachRow(query) { row in
        count += 1
        last = try row.uuid(0)
        isMoreWanted = try gatherer.add(row, isFailure: isFailure)
        return isMoreWanted
      }
      guard isMoreWanted else { return false }
      guard count == piece else { return true }
      start = last.adding(1)
    }
  }

  /// Without what lies in conversations that are out of reach or deleted; with files, and what requests borrow.
  func finished(
    _ found: [ExportedExchange], _ reach: Reach, _ keys: ContentKeys, _ lenders: Lenders
  ) throws -> [ExportedExchange] {
    guard !found.isEmpty else { return [] }
    var names: [ExactText: [ExactText: String]] = [:]
    for (account, part) in Dictionary(grouping: found, by: { ExactText($0.account) }) {
      let ids = Set(part.map { ExactText($0.exchange.conversationID) })
      names[account] = try conversationNames(ids, of: account.text, within: reach, keys)
    }
    var shown: [ExportedExchange] = found.compactMap { exported in
      guard let name = names[ExactText(exported.account)]?[ExactText(exported.exchange.conversationID)] else {
        return nil
      }
      var exported = exported
      exported.conversationName = name
      return exported
    }
    var lenders: Lenders = lenders
    for index in shown.indices {
      try addLoans(to: &shown[index].exchange, account: shown[index].account, &lenders)
    }
    guard shown.contains(where: { $0.exchange.attachmentCount > 0 }) else { return shown }
    var exchanges: [StoredExchange] = shown.map(\.exchange)
    for start in stride(from: 0, to: exchanges.count, by: 200) {
      var part = Array(exchanges[start..<min(start + 200, exchanges.count)])
      try addAttachments(to: &part, keys)
      exchanges.replaceSubrange(start..<start + part.count, with: part)
    }
    for index in shown.indices { shown[index].exchange = exchanges[index] }
    return shown
  }

  /// Of those that are within reach and not deleted.
  private func conversationNames(
    _ ids: Set<ExactText>, of account: String, within reach: Reach, _ keys: ContentKeys
  ) throws -> [ExactText: String] {
    let ids: [String] = ids.map(\.text)
    var names: [ExactText: String] = [:]
    for start in stride(from: 0, to: ids.count, by: 200) {
      let part = Array(ids[start..<min(start + 200, ids.count)])
      try forEachRow(
        """
        SELECT id, name
        FROM conversations
        WHERE account_id = \(account) AND id IN (\(list: part)) AND status <> 'deleted' AND \(reach.condition())
        """
      ) { row in
        let place = ConversationPlace(account: account, id: row.text(0))
        names[ExactText(place.id)] = try keys.opened(row.text(1), of: place, .conversationName)
        return true
      }
    }
    return names
  }
}

extension ExportSelection {
  /// Rows are wanted in the order of their ids. Joined to nothing, the account's column offers no index: one that begins
  /// with it would give all rows of the account, to be sorted for every page.
  static func belongs(to account: String) -> SQL { " AND (account_id || '') = \(account)" }

  /// What each row must satisfy, so that fewer are looked at.
  fileprivate var rowCondition: SQL {
    var condition: SQL = ""
    if let account = reach.account {
      condition = conversation == nil ? Self.belongs(to: account) : " AND account_id = \(account)"
    }
    if let conversation { condition = "\(condition) AND conversation_id = \(conversation)" }
    if let app { condition = "\(condition) AND app_id = \(app)" }
    if let user { condition = "\(condition) AND user_id = \(user)" }
    guard conversation == nil, let account = reach.account, reach.isNarrow else { return condition }
    return """
      \(condition)
        AND conversation_id IN (
          SELECT c.id FROM conversations AS c WHERE c.account_id = \(account) AND \(reach.condition(on: "c"))
        )
      """
  }
}

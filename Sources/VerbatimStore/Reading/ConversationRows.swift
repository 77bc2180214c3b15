import Databases
import VerbatimModel

/// Whose rows are read, from where, in which order: every query carries the account, and the one that finds the
/// conversation carries the reach.
struct ConversationRows {
  var conversation: String
  let account: String
  /// Within `account`.
  let reach: Reach
  var place: PagePlace
  let calendar: PartitionCalendar
  let keys: ContentKeys
  /// Tables of days that were found to be gone.
  var absentTables: Set<String> = []

  init(
    conversation: String, account: String, reach: Reach, place: PagePlace, calendar: PartitionCalendar,
    keys: ContentKeys = .none
  ) {
    self.conversation = conversation
    self.account = account
    self.reach = reach
    self.place = place
    self.calendar = calendar
    self.keys = keys
  }

  /// Where the page begins; only a place that has one takes another.
  var cursor: UUIDv7? {
    get {
      switch place {
      case .newest, .oldest: nil
      case .before(let id), .after(let id): id
      }
    }
    set {
      guard let newValue else { return }
      switch place {
      case .newest, .oldest: break
      case .before: place = .before(newValue)
      case .after: place = .after(newValue)
      }
    }
  }

  var order: ExchangePageBuilder.Order {
    switch place {
    case .newest, .before: .newestFirst
    case .oldest, .after: .oldestFirst
    }
  }

  /// The ids that the page may hold.
  private var ids: Range<UUIDv7> {
    switch place {
    case .newest, .oldest: .all
    case .before(let id): UUIDv7.beforeAll..<max(id, .beforeAll)
    case .after(let id): id.adding(1)..<UUIDv7.behindAll
    }
  }

  /// A day's tables without those that are known to be gone.
  func present(_ place: DayPlace) -> DayPlace {
    guard !absentTables.isEmpty else { return place }
    var place: DayPlace = place
    if absentTables.contains(Partition.messageTable(of: place.day)) { place.hasMessageTable = false }
    if absentTables.contains(Partition.errorTable(of: place.day)) { place.hasErrorTable = false }
    return place
  }

  /// Days in the order of reading, a statement each, but for days in the single tables, which are one range of ids there.
  func groups(of places: [DayPlace]) -> [HistoryGroup] {
    var groups: [HistoryGroup] = []
    for place in places.map(present) {
      let group: HistoryGroup = group(of: place)
      if let joined = groups.last?.joined(group) {
        groups[groups.count - 1] = joined
      } else {
        groups.append(group)
      }
    }
    return groups
  }

  private func group(of place: DayPlace) -> HistoryGroup {
    let day: Range<UUIDv7> = calendar.ids(of: place.day)
    let wanted: Range<UUIDv7> = day.clamped(to: ids)
    func arms(_ tables: [String]) -> [HistoryArm] {
      tables.map { HistoryArm(table: $0, ids: wanted, isWhole: wanted == day && !Partition.wholeTables.contains($0)) }
    }
    return HistoryGroup(
      messages: arms(place.messageTables), failures: arms(place.errorTables), isSingleOnly: place.isSingleOnly)
  }

  /// Rows of one or more tables in the order of reading. Where the number of rows is bounded, each table's is, too.
  func query(_ columns: String, _ arms: [HistoryArm], limit: Int?) -> SQL {
    var query: SQL = rows(columns, arms, limit: limit)
    query.isVarying = arms.contains { !Partition.wholeTables.contains($0.table) }
    return query
  }

  private func rows(_ columns: String, _ arms: [HistoryArm], limit: Int?) -> SQL {
    let bound: SQL = limit.map { " LIMIT \($0)" } ?? ""
    let order: SQL = self.order == .newestFirst ? "ORDER BY id DESC" : "ORDER BY id"
    let selects: [SQL] = arms.map { arm in
      let range: SQL = arm.isWhole ? "" : "\n  AND id >= \(arm.ids.lowerBound) AND id < \(arm.ids.upperBound)"
      return """
        SELECT \(unsafeSQL: columns)
        FROM \(identifier: arm.table)
        WHERE account_id = \(account) AND conversation_id = \(conversation)\(range)
        """
    }
    guard selects.count > 1 else { return "\(selects.first ?? "")\n\(order)\(bound)" }
    guard limit != nil else { return "\(joined: selects)\n\(order)" }
    let bounded: [SQL] = selects.enumerated().map { index, select in
      "SELECT * FROM (\(select)\n\(order)\(bound)) AS \(identifier: "day\(index)")"
    }
    return "\(joined: bounded)\n\(order)\(bound)"
  }

  /// What follows a row in the order of reading.
  func rest(of arms: [HistoryArm], behind id: UUIDv7) -> [HistoryArm] {
    let rest: Range<UUIDv7> = order == .newestFirst ? UUIDv7.beforeAll..<id : id.adding(1)..<UUIDv7.behindAll
    return arms.filter { $0.ids.overlaps(rest) }.map { $0.clamped(to: rest) }
  }
}

/// A range of one table's rows.
struct HistoryArm {
  let table: String
  let ids: Range<UUIDv7>
  /// The table holds no others, so that asking for the range would only cost the planning of it.
  let isWhole: Bool

  func clamped(to rest: Range<UUIDv7>) -> HistoryArm {
    let clamped: Range<UUIDv7> = ids.clamped(to: rest)
    return HistoryArm(table: table, ids: clamped, isWhole: isWhole && clamped == ids)
  }
}

/// What one statement reads.
struct HistoryGroup {
  let messages: [HistoryArm]
  let failures: [HistoryArm]
  let isSingleOnly: Bool

  /// Two days that have rows in the single tables alone are one range there, with the days between them, on which the
  /// conversation has no rows in these.
  func joined(_ next: HistoryGroup) -> HistoryGroup? {
    guard isSingleOnly, next.isSingleOnly else { return nil }
    func join(_ left: [HistoryArm], _ right: [HistoryArm]) -> [HistoryArm] {
      guard let first = left.first, let second = right.first else { return left + right }
      let lower: UUIDv7 = min(first.ids.lowerBound, second.ids.lowerBound)
      let upper: UUIDv7 = max(first.ids.upperBound, second.ids.upperBound)
      return [HistoryArm(table: first.table, ids: lower..<upper, isWhole: false)]
    }
    return HistoryGroup(
      messages: join(messages, next.messages), failures: join(failures, next.failures), isSingleOnly: true)
  }
}

extension UUIDv7 {
  /// The upper bound of a search, not an id itself.
  static let behindAll = UUIDv7(high: .max, low: .max)
}

extension Range<UUIDv7> {
  fileprivate static let all: Range<UUIDv7> = UUIDv7.beforeAll..<UUIDv7.behindAll
}

import Databases

/// The fewest counters that tell what is asked.
extension UsageQuery {
  /// FROM and WHERE; the counters are called `u`, and `moment` is their column of time.
  func rows(_ calendar: PartitionCalendar) -> SQL {
    if isByHour { return "FROM verbatim_usage_by_hour AS u WHERE \(hours(calendar)) AND \(filter)" }
    if isByUser || countsActiveUsers { return users }
    return "FROM verbatim_usage_totals AS u WHERE u.grain = \(grain.rawValue) AND \(days(of: "u")) AND \(filter)"
  }

  var moment: String { isByHour ? "u.hour" : "u.day" }

  /// A user's counters are few of each day's, and the key leads from the day to the user; the days are in the register.
  /// CROSS JOIN makes SQLite begin there.
  private var users: SQL {
    guard reach.account != nil, reach.user != nil || userID != nil else {
      return "FROM verbatim_usage_by_day AS u WHERE \(days(of: "u")) AND \(filter)"
    }
    return """
      FROM verbatim_partitions AS p
      CROSS JOIN verbatim_usage_by_day AS u
      WHERE u.day = p.day AND \(days(of: "p")) AND \(filter)
      """
  }

  private var grain: UsageGrain {
    let names = dimensions.contains { $0 == .app || $0 == .model }
    if names || reach.app != nil || appID != nil || modelName != nil { return .app }
    return reach.account == nil ? .everything : .account
  }

  private func days(of table: String) -> SQL {
    var condition: SQL = "1 = 1"
    if let from { condition = "\(condition) AND \(identifier: table).day >= \(Int64(from.number))" }
    if let to { condition = "\(condition) AND \(identifier: table).day <= \(Int64(to.number))" }
    return condition
  }

  /// Hours that begin on one of the days.
  private func hours(_ calendar: PartitionCalendar) -> SQL {
    var condition: SQL = "1 = 1"
    if let from { condition = "\(condition) AND u.hour >= \(calendar.span(of: from).lowerBound)" }
    if let to { condition = "\(condition) AND u.hour < \(calendar.span(of: to).upperBound)" }
    return condition
  }

  private var filter: SQL {
    var condition: SQL = reach.condition(on: "u")
    if let appID { condition = "\(condition) AND u.app_id = \(appID)" }
    if let userID { condition = "\(condition) AND u.user_id = \(userID)" }
    if let modelName { condition = "\(condition) AND u.model_name = \(modelName)" }
    return condition
  }
}

extension UsageQuery.Dimension {
  /// Apps and users are names within an account.
  var columns: [String] {
    switch self {
    case .day: ["u.day"]
    case .hour: ["u.hour"]
    case .model: ["u.model_name"]
    case .app: ["u.account_id", "u.app_id"]
    case .user: ["u.account_id", "u.user_id"]
    case .channel: ["u.channel_id"]
    case .status: ["u.status"]
    }
  }

  /// From the columns that begin with this one.
  func key(_ row: Row, _ column: Int) -> UsageReport.Key {
    switch self {
    case .day: .day(Day(number: Int32(clamping: row.integer(column))))
    case .hour: .hour(row.integer(column))
    case .model: .model(row.text(column))
    case .app: .app(account: row.text(column), id: row.text(column + 1))
    case .user: .user(account: row.text(column), id: row.text(column + 1))
    case .channel: .channel(row.integer(column))
    case .status: .status(row.text(column))
    }
  }
}

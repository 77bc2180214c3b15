import Databases

extension Store {
  /// What was used, by groups. Throws `UsageQuery.Contradiction` for what no counters tell.
  package func usage(_ query: UsageQuery) async throws -> UsageReport {
    try query.check()
    let calendar: PartitionCalendar = calendar
    return try await reading { connection in
      try connection.snapshot {
        var report = UsageReport(timeZone: calendar.timeZoneName)
        try connection.addGroups(of: query, to: &report, calendar)
        if query.countsActiveUsers { try connection.addActiveUsers(of: query, to: &report, calendar) }
        return report
      }
    }
  }
}

extension Connection {
  fileprivate func addGroups(
    of query: UsageQuery, to report: inout UsageReport, _ calendar: PartitionCalendar
  ) throws {
    if !query.dimensions.isEmpty {
      report.groups = try groups(of: query, calendar)
      report.hasMore = report.groups.count > query.limit
    }
    if query.dimensions.isEmpty || report.hasMore {
      report.groups.removeLast(max(0, report.groups.count - query.limit))
      var whole: UsageQuery = query
      whole.dimensions = query.isByHour ? query.dimensions : []
      report.total = try sum(of: whole, calendar)
    } else {
      for group in report.groups { report.total.add(group.usage) }
    }
  }

  private func groups(of query: UsageQuery, _ calendar: PartitionCalendar) throws -> [UsageReport.Group] {
    let columns: [String] = query.keyColumns
    let key: String = columns.joined(separator: ", ")
    let order: String = query.isInOrderOfTime ? key : "sum(u.exchanges) DESC, " + key
    return try self.query(
      """
      SELECT \(unsafeSQL: key), \(unsafeSQL: query.sums(on: try dialect()))
      \(query.rows(calendar))
      GROUP BY \(unsafeSQL: key)
      ORDER BY \(unsafeSQL: order)
      LIMIT \(query.limit + 1)
      """
    ) { row in
      UsageReport.Group(keys: query.keys(row), usage: query.usage(row, from: columns.count, calendar))
    }
  }

  /// Of everything that the query's counters come to, whatever they are grouped by.
  private func sum(of query: UsageQuery, _ calendar: PartitionCalendar) throws -> UsageReport.Usage {
    try first("SELECT \(unsafeSQL: query.sums(on: try dialect())) \(query.rows(calendar))") { row in
      query.usage(row, from: 0, calendar)
    } ?? UsageReport.Usage()
  }

  fileprivate func addActiveUsers(
    of query: UsageQuery, to report: inout UsageReport, _ calendar: PartitionCalendar
  ) throws {
    let rows: SQL = query.rows(calendar)
    report.total.activeUsers =
      try first("SELECT count(*) FROM (SELECT DISTINCT u.account_id, u.user_id \(rows)) AS a") { $0.integer(0) }
    guard !query.dimensions.isEmpty else { return }
    let columns: [String] = query.keyColumns
    let names: String = columns.indices.map { "k\($0)" }.joined(separator: ", ")
    let keys: String = columns.enumerated().map { "\($1) AS k\($0)" }.joined(separator: ", ")
    let counts: [([UsageReport.Key], Int64)] = try self.query(
      """
      SELECT \(unsafeSQL: names), count(*)
      FROM (SELECT DISTINCT \(unsafeSQL: keys), u.account_id AS account, u.user_id AS person \(rows)) AS a
      GROUP BY \(unsafeSQL: names)
      """
    ) { row in (query.keys(row), row.integer(columns.count)) }
    let known = Dictionary(counts) { first, _ in first }
    for index in report.groups.indices {
      report.groups[index].usage.activeUsers = known[report.groups[index].keys] ?? 0
    }
  }
}

extension UsageQuery {
  fileprivate var keyColumns: [String] { dimensions.flatMap(\.columns) }

  fileprivate var isInOrderOfTime: Bool { dimensions.first == .day || dimensions.first == .hour }

  fileprivate func sums(on dialect: Dialect) -> String {
    "sum(CASE WHEN u.status = 'error' THEN u.exchanges ELSE 0 END), min(\(moment)), max(\(moment)), "
      + UsageColumns.summed(of: "u.", on: dialect)
  }

  fileprivate func keys(_ row: Row) -> [UsageReport.Key] {
    var column = 0
    return dimensions.map { dimension in
      defer { column += dimension.columns.count }
      return dimension.key(row, column)
    }
  }

  /// From the columns of `sums`, which begin at this one.
  fileprivate func usage(_ row: Row, from column: Int, _ calendar: PartitionCalendar) -> UsageReport.Usage {
    func day(_ column: Int) -> Day? {
      row.optionalInteger(column).map { isByHour ? calendar.day(of: $0) : Day(number: Int32(clamping: $0)) }
    }
    var usage = UsageReport.Usage()
    usage.errors = row.integer(column)
    usage.firstUse = day(column + 1)
    usage.lastUse = day(column + 2)
    usage.exchanges = row.integer(column + 3)
    usage.messages = row.integer(column + 4)
    usage.promptTokens = row.integer(column + 5)
    usage.completionTokens = row.integer(column + 6)
    usage.price = row.integer(column + 7)
    for bucket in usage.latencies.indices { usage.latencies[bucket] = row.integer(column + 8 + bucket) }
    return usage
  }
}

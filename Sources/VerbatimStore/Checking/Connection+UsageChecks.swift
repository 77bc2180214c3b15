import Databases
import VerbatimModel

/// Compares the usage counters with what the rows come to.
extension Connection {
  func checkUsageByDay(day: Int64, ids: Range<UUIDv7>, _ map: HistoryMap) throws -> [String] {
    let key: String = "account_id, app_id, user_id, model_name, status"
    let rows: SQL = Self.usage(ids, map, key: key, try dialect())
    let counters: SQL = """
      SELECT \(unsafeSQL: key), \(unsafeSQL: UsageColumns.names.joined(separator: ", "))
      FROM verbatim_usage_by_day
      WHERE day = \(day)
      """
    func describe(_ row: Row) -> String {
      "\(row.text(0)), app \(row.text(1)), user \(row.text(2)), model \(row.text(3)), \(row.text(4)): "
        + Self.describe(row, from: 5)
    }
    return try difference(rows, counters) { "usage by day: \(day) the rows hold \(describe($0))" }
      + difference(counters, rows) { "usage by day: \(day) the counters say \(describe($0))" }
  }

  /// How many counters the rows of these ids come to, and what is wrong with them.
  func checkUsageByHour(_ ids: Range<UUIDv7>, _ map: HistoryMap) throws -> (count: Int64, findings: [String]) {
    let key: String = "hour, account_id, app_id, model_name, channel_id, status"
    let rows: SQL = Self.usage(ids, map, key: key, try dialect())
    let counters: SQL = """
      SELECT \(unsafeSQL: key), \(unsafeSQL: UsageColumns.names.joined(separator: ", "))
      FROM verbatim_usage_by_hour
      WHERE hour >= \(ids.lowerBound.milliseconds) AND hour < \(ids.upperBound.milliseconds)
      """
    func describe(_ row: Row) -> String {
      "\(row.integer(0)) of \(row.text(1)), app \(row.text(2)), model \(row.text(3)), \(row.text(5)): "
        + Self.describe(row, from: 6)
    }
    let findings: [String] =
      try difference(rows, counters) { "usage by hour: the rows hold \(describe($0))" }
      + difference(counters, rows) { "usage by hour: the counters say \(describe($0))" }
    let count: Int64? = try first("SELECT count(*) FROM (\(counters)) AS c") { $0.integer(0) }
    return (count ?? 0, findings)
  }

  /// The totals of days are those of their counters, whatever has become of the rows.
  func checkUsageTotals() throws -> [String] {
    let names: String = UsageColumns.names.joined(separator: ", ")
    let sums: String = UsageColumns.summed(on: try dialect())
    func totals(_ grain: UsageGrain, _ key: String) -> SQL {
      "SELECT \(unsafeSQL: key), \(unsafeSQL: names) FROM verbatim_usage_totals WHERE grain = \(grain.rawValue)"
    }
    func difference(of grain: UsageGrain, by key: String, from table: String, _ part: UsageGrain?) throws -> [String] {
      let rows: SQL = part.map { "WHERE grain = \($0.rawValue)" } ?? ""
      let parts: SQL = """
        SELECT \(unsafeSQL: key), \(unsafeSQL: sums) FROM \(identifier: table) \(rows) GROUP BY \(unsafeSQL: key)
        """
      let width: Int = key.split(separator: ",").count
      func describe(_ row: Row) -> String {
        "\(row.integer(0)) \((1..<width).map(row.text).joined(separator: " ")): \(Self.describe(row, from: width))"
      }
      return try self.difference(parts, totals(grain, key)) { "usage totals: \(table) comes to \(describe($0))" }
        + self.difference(totals(grain, key), parts) { "usage totals: \(grain) says \(describe($0))" }
    }
    return try difference(
      of: .app, by: "day, account_id, app_id, model_name, status", from: "verbatim_usage_by_day", nil)
      + difference(of: .account, by: "day, account_id, status", from: "verbatim_usage_totals", .app)
      + difference(of: .everything, by: "day, status", from: "verbatim_usage_totals", .account)
  }

  private static func describe(_ row: Row, from column: Int) -> String {
    "\(row.integer(column)) exchanges, \(row.integer(column + 1)) messages, \(row.integer(column + 2)) + "
      + "\(row.integer(column + 3)) tokens, price \(row.integer(column + 4))"
  }

  /// The key's columns, then the counters in the order of `UsageColumns.names`, of exchanges and failures.
  private static func usage(_ ids: Range<UUIDv7>, _ map: HistoryMap, key: String, _ dialect: Dialect) -> SQL {
    let buckets: String = LatencyHistogram.columns.indices.map { "count(CASE WHEN bucket = \($0) THEN 1 END)" }.joined(
      separator: ", ")
    let tables = map.tables(of: ids)
    let selects: [SQL] =
      tables.messages.map { exchanges(in: $0, ids) }
      + tables.failures.map { table in .rows(figures + ", 0 AS messages", of: [table], ids) }
    let sums: String = ["prompt", "completion", "price"].map(dialect.boundedSum).joined(separator: ", ")
    return """
      SELECT \(unsafeSQL: key), count(*), sum(messages), \(unsafeSQL: sums), \(unsafeSQL: buckets)
      FROM (\(joined: selects)) AS e
      GROUP BY \(unsafeSQL: key)
      """
  }

  private static let figures: String = {
    let bounds: String =
      LatencyHistogram.upperBounds.enumerated().map { "WHEN latency <= \($1) THEN \($0)" }.joined(separator: " ")
    return """
      account_id, app_id, user_id, model_name, status, created_at - created_at % 3600000 AS hour,
      coalesce(channel_id, 0) AS channel_id, \(Check.countedTokens("prompt_tokens")) AS prompt,
      \(Check.countedTokens("completion_tokens")) AS completion, \(Check.exchangePrice) AS price,
      CASE WHEN latency IS NULL THEN -1 \(bounds) ELSE \(LatencyHistogram.upperBounds.count) END AS bucket
      """
  }()

  /// A row of an exchange knows its own figures; its messages are counted by their common exchange_id.
  private static func exchanges(in table: String, _ ids: Range<UUIDv7>) -> SQL {
    """
    SELECT \(unsafeSQL: figures), messages
    FROM \(identifier: table) AS h
    JOIN (
      SELECT exchange_id AS counted_id, count(*) AS messages
      FROM \(identifier: table)
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      GROUP BY exchange_id
    ) AS c ON counted_id = h.id
    """
  }
}

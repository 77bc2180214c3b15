extension Migration {
  /// Sums of days without users, and the counters of days in an order that leads to a user's. On the way back the order
  /// stays: an older version does not mind it.
  static let usageTotals = Migration(
    version: 6, name: "usage totals", reversal: .script("DROP TABLE IF EXISTS verbatim_usage_totals"),
    tables: ["verbatim_usage_totals"],
    steps: { $0.schema.usageTotals($0) + ["DELETE FROM verbatim_usage_totals"] + UsageGrain.allCases.map(filling) })

  /// From the counters of days, which are kept for ever.
  private static func filling(_ grain: UsageGrain) -> String {
    let key: [String] = ["account_id", "app_id", "model_name"]
    let kept: Int = grain == .everything ? 0 : grain == .account ? 1 : key.count
    let values: [String] = key.enumerated().map { $0 < kept ? $1 : "''" }
    let sums: [String] = UsageColumns.names.map { "sum(\($0))" }
    return """
      INSERT INTO verbatim_usage_totals
        (grain, day, \(key.joined(separator: ", ")), status, \(UsageColumns.names.joined(separator: ", ")))
      SELECT \(grain.rawValue), day, \(values.joined(separator: ", ")), status, \(sums.joined(separator: ", "))
      FROM verbatim_usage_by_day
      GROUP BY \((["day"] + key.prefix(kept) + ["status"]).joined(separator: ", "))
      """
  }
}

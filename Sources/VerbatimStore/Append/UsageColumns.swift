import Databases

/// The counters of a usage row.
///
/// A batch names only the latency columns that it may move: binding and adding all of them, most of them zeros, was a
/// fifth of what PostgreSQL did for a batch. They go in groups, so that there are few different statements.
struct UsageColumns {
  static let sums: [String] = ["exchanges", "messages", "prompt_tokens", "completion_tokens", "total_price"]
  private static let groupSize = 4

  /// All counters, in the order of the table.
  static let names: [String] = sums + LatencyHistogram.columns
  /// Those that one exchange moves by more than a few.
  private static let figures: Set<String> = ["prompt_tokens", "completion_tokens", "total_price"]

  /// Expressions: the sums of all counters of a group. `table`: how these are qualified.
  static func summed(of table: String = "", on dialect: Dialect) -> String {
    names.map { figures.contains($0) ? dialect.boundedSum(table + $0) : "sum(\(table)\($0))" }.joined(separator: ", ")
  }

  static let byDay = UsageColumns(
    table: "verbatim_usage_by_day",
    key: [
      .init("day", .integer), .init("account_id", .text), .init("user_id", .text), .init("app_id", .text),
      .init("model_name", .text), .init("status", .text),
    ])

  static let byHour = UsageColumns(
    table: "verbatim_usage_by_hour",
    key: [
      .init("hour", .integer), .init("account_id", .text), .init("app_id", .text), .init("model_name", .text),
      .init("channel_id", .integer), .init("status", .text),
    ])

  /// What days come to, without users.
  static let totals = UsageColumns(
    table: "verbatim_usage_totals",
    key: [
      .init("grain", .integer), .init("day", .integer), .init("account_id", .text), .init("app_id", .text),
      .init("model_name", .text), .init("status", .text),
    ])

  private let inserts: [Range<Int>: BulkInsert]

  private init(table: String, key: [BulkInsert.Column]) {
    let bounds: [Int] = Array(stride(from: 0, to: LatencyHistogram.columns.count, by: Self.groupSize))
    var inserts: [Range<Int>: BulkInsert] = [0..<0: Self.insert(into: table, key: key, latencies: 0..<0)]
    for first in bounds {
      for last in bounds where last >= first {
        let range: Range<Int> = Self.wholeGroups(of: first..<last + 1)
        inserts[range] = Self.insert(into: table, key: key, latencies: range)
      }
    }
    self.inserts = inserts
  }

  /// The insert that moves the sums and at least these buckets: those of `wholeGroups(of:)`.
  func inserting(_ buckets: Range<Int>) -> BulkInsert {
    guard let insert = inserts[Self.wholeGroups(of: buckets)] else { preconditionFailure("no such buckets") }
    return insert
  }

  /// The buckets and their neighbours of the same groups; none for none.
  static func wholeGroups(of buckets: Range<Int>) -> Range<Int> {
    guard !buckets.isEmpty else { return 0..<0 }
    let end: Int = (buckets.upperBound + groupSize - 1) / groupSize * groupSize
    return buckets.lowerBound / groupSize * groupSize..<min(end, LatencyHistogram.columns.count)
  }

  private static func insert(into table: String, key: [BulkInsert.Column], latencies: Range<Int>) -> BulkInsert {
    let counters: [String] = sums + LatencyHistogram.columns[latencies]
    return BulkInsert(
      into: table, key + counters.map { .init($0, .integer) },
      onConflict: .update(
        key: key.map(\.name), changes: counters.map { .init($0, figures.contains($0) ? .addBounded : .add) }))
  }
}

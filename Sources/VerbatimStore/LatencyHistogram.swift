/// Latencies counted in fixed buckets, one column each, so that counters of days, hours and replicas add up by plain
/// SQL addition.
enum LatencyHistogram {
  /// The buckets' upper bounds, inclusive, in milliseconds; one more bucket holds everything slower.
  static let upperBounds: [Int64] = [
    10, 20, 35, 50, 75, 100, 150, 200, 350, 500, 750, 1_000, 1_500, 2_000, 3_500, 5_000, 7_500, 10_000, 15_000, 20_000,
    35_000, 60_000, 120_000,
  ]

  static let columns: [String] = upperBounds.map { "latency_\($0)" } + ["latency_over"]

  /// The bucket of a latency in milliseconds.
  static func bucket(of latency: Int64) -> Int {
    upperBounds.firstIndex { latency <= $0 } ?? upperBounds.count
  }
}

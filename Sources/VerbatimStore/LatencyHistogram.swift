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

  /// The latency in milliseconds that this share of them does not exceed, as if those of a bucket lay evenly in it: it is
  /// in the bucket of the exact one. For what is slower than the last bound, that bound; nil for no latencies.
  static func percentile(_ share: Double, of counts: [Int64]) -> Int64? {
    let total: Int64 = counts.reduce(0, +)
    guard total > 0 else { return nil }
    let rank = max(1, (share * Double(total)).rounded(.up))
    var below: Int64 = 0
    for (bucket, count) in counts.enumerated() {
      guard bucket < upperBounds.count else { break }
      if Double(below + count) >= rank {
        let lower: Int64 = bucket == 0 ? 0 : upperBounds[bucket - 1]
        let part: Double = (rank - Double(below)) / Double(count)
        return lower + Int64((Double(upperBounds[bucket] - lower) * part).rounded(.up))
      }
      below += count
    }
    return upperBounds.last
  }
}

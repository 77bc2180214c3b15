import Databases

extension Int64 {
  /// As counters are added in a database: no further than `Dialect.greatestSum`.
  mutating func addBounded(_ other: Int64) {
    let (sum, overflows) = addingReportingOverflow(other)
    self = overflows ? Dialect.greatestSum : Swift.min(sum, Dialect.greatestSum)
  }
}

import Databases
import VerbatimModel

/// Compares the counters of hours with the rows, by days of UTC: an hour never spans two of them, whatever the partition
/// time zone.
extension Connection {
  /// Beyond this many separate spans of dropped days the counters of other hours are not counted.
  private static let spanLimit = 200

  /// `days`: those that hold rows.
  func checkHours(_ days: [Day], _ map: HistoryMap) throws -> [String] {
    guard let utc = PartitionCalendar(timeZoneName: "UTC") else { return [] }
    let dropped: [Range<Int64>] = map.spans(of: map.unaccountedDays).map { span in
      utc.span(ofDayContaining: span.lowerBound).lowerBound..<utc.span(ofDayContaining: span.upperBound - 1).upperBound
    }
    var findings: [String] = []
    var total: Int64 = 0
    let spans: [Range<Int64>] = days.map(map.calendar.span)
    let utcDays = Set(spans.flatMap { [utc.day(of: $0.lowerBound), utc.day(of: $0.upperBound - 1)] })
    for day in utcDays.sorted() where !dropped.contains(where: { $0.overlaps(utc.span(of: day)) }) {
      let (count, wrong) = try checkUsageByHour(utc.ids(of: day), map)
      total += count
      findings += wrong
    }
    guard findings.isEmpty, dropped.count <= Self.spanLimit else { return findings }
    var condition: SQL = "1 = 1"
    for span in dropped {
      condition = "\(condition) AND NOT (hour >= \(span.lowerBound) AND hour < \(span.upperBound))"
    }
    let counted: Int64 =
      try first("SELECT count(*) FROM verbatim_usage_by_hour WHERE \(condition)") { $0.integer(0) } ?? 0
    guard counted != total else { return [] }
    return ["usage by hour: \(counted - total) counters belong to hours that hold no rows"]
  }
}

import Foundation
import VerbatimModel

/// Reads the times that other programs wrote: numbers of seconds, milliseconds or finer, or dates with and without zone.
struct LegacyTime: Sendable {
  /// Where clocks stood that say no zone.
  private let zone: TimeZone

  init?(zoneName: String) {
    guard let zone = TimeZone(identifier: zoneName) else { return nil }
    self.zone = zone
  }

  /// Unix milliseconds; nil for NULL, 0, `0000-00-00 00:00:00` and whatever else is no time.
  func milliseconds(_ column: String, in row: LegacyRow) -> Int64? {
    guard let value = row[column], let type = row.table.type(of: column) else { return nil }
    // The session's zone is UTC, so that is what the engine shows of a point in time.
    return milliseconds(value, isUTC: type == "timestamp" || type == "timestamp with time zone")
  }

  func milliseconds(_ value: Bytes, isUTC: Bool = false) -> Int64? {
    let time = Int64(value.string).map(Self.scaled) ?? dated(value, isUTC: isUTC)
    guard let time, time > 0, time <= UUIDv7.maximumMilliseconds else { return nil }
    return time
  }

  /// By size: seconds until the year 5138, then milliseconds, microseconds, nanoseconds. What is below one stays so.
  private static func scaled(_ number: Int64) -> Int64 {
    switch number {
    case ...0: number
    case ..<100_000_000_000: number * 1000
    case ..<100_000_000_000_000: number
    case ..<100_000_000_000_000_000: number / 1000
    default: number / 1_000_000
    }
  }

  private func dated(_ text: Bytes, isUTC: Bool) -> Int64? {
    guard let time = Timestamp.milliseconds(iso8601: text) else { return nil }
    let saysZone: Bool = text.dropFirst(10).contains { "+-Zz".utf8.contains($0) }
    if isUTC || saysZone { return time }
    // The offset at the local time's own number is wrong only within hours of a change; a second look mends that.
    let near = time - offset(at: time)
    return time - offset(at: near)
  }

  private func offset(at time: Int64) -> Int64 {
    Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time) / 1000))) * 1000
  }
}

/// A `timestamp`, `timestamptz` or `date`, all of them in UTC.
struct PostgresTime: CustomStringConvertible {
  /// The server counts from 2000-01-01; this is when that was, in milliseconds since 1970.
  static let epoch: Int64 = 946_684_800_000

  private static let millisecondsOfDay: Int64 = 86_400_000

  private let isDate: Bool
  private let hasZone: Bool
  private let isFinite: Bool
  private let isPast: Bool
  /// Since 2000: days of a date, microseconds of the others.
  private let count: Int64

  init(_ type: PostgresType, _ count: Int64) {
    isDate = type == .date
    hasZone = type == .timestampWithZone
    isFinite = isDate ? count != Int64(Int32.min) && count != Int64(Int32.max) : count != .min && count != .max
    isPast = count < 0
    self.count = count
  }

  /// Since 1970; the furthest there are for an infinite time.
  var milliseconds: Int64 {
    guard isFinite else { return isPast ? .min : .max }
    return isDate ? count * Self.millisecondsOfDay + Self.epoch : floor(count, 1000) + Self.epoch
  }

  /// `2024-12-15`, `2024-12-15 10:20:30.123456`, `2024-12-15 10:20:30.5+00`, `infinity`.
  var description: String {
    guard isFinite else { return isPast ? "-infinity" : "infinity" }
    if isDate { return day(count).joined() }
    let microsecondsOfDay = Self.millisecondsOfDay * 1000
    let days = floor(count, microsecondsOfDay)
    let rest = count - days * microsecondsOfDay
    let seconds = rest / 1_000_000
    let time = [seconds / 3600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
    return day(days).joined(separator: " " + time + fraction(rest % 1_000_000) + (hasZone ? "+00" : ""))
  }

  private func fraction(_ microseconds: Int64) -> String {
    guard microseconds > 0 else { return "" }
    var digits = padded(microseconds, 6)
    while digits.last == "0" { digits.removeLast() }
    return "." + digits
  }

  /// Civil date of a day since 2000-01-01 and what stands behind date and time, ` BC` or nothing. Years begin in March
  /// here, so that leap days come last (https://howardhinnant.github.io/date_algorithms.html, `civil_from_days`).
  private func day(_ days: Int64) -> [String] {
    let shifted = days + 730_425
    let era = floor(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
    let civilMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0)
    let isBeforeChrist = year <= 0
    let numbers = [padded(isBeforeChrist ? 1 - year : year, 4), padded(civilMonth, 2), padded(dayOfMonth, 2)]
    return [numbers.joined(separator: "-"), isBeforeChrist ? " BC" : ""]
  }

  private func padded(_ number: Int64, _ width: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }

  private func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
    number >= 0 ? number / divisor : (number + 1) / divisor - 1
  }
}

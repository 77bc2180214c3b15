import Foundation
import Synchronization
import VerbatimModel

/// A calendar day in the partition time zone, as the number 20250115.
package struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let number: Int32

  /// `2025-01-15`
  package var description: String {
    let text = String(100_000_000 + number).dropFirst()
    return "\(text.prefix(4))-\(text.dropFirst(4).prefix(2))-\(text.suffix(2))"
  }

  init(number: Int32) { self.number = number }

  /// A day of the calendar as `2025-01-15`; nil for anything else.
  package init?(text: some StringProtocol, separator: Character = "-") {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].utf8.count == 4, parts[1].utf8.count == 2, parts[2].utf8.count == 2,
      parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
      let year = Int32(parts[0]), let month = Int32(parts[1]), let day = Int32(parts[2])
    else { return nil }
    self.init(number: year * 10_000 + month * 100 + day)
    // A day that is none, such as 31 June, is another's number.
    guard (1...12).contains(month), (1...31).contains(day), Day(daysSinceEpoch: daysSinceEpoch) == self else {
      return nil
    }
  }

  /// Howard Hinnant's `days_from_civil`.
  var daysSinceEpoch: Int64 {
    let month = Int64(number / 100 % 100)
    let year = Int64(number / 10_000) - (month <= 2 ? 1 : 0)
    let era: Int64 = (year >= 0 ? year : year - 399) / 400
    let yearOfEra: Int64 = year - era * 400
    let dayOfYear: Int64 = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(number % 100) - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  /// The day that many days later.
  package func adding(_ days: Int64) -> Day { Day(daysSinceEpoch: daysSinceEpoch + days) }

  package static func < (left: Day, right: Day) -> Bool { left.number < right.number }

  /// `daysSinceEpoch` counts from 1970-01-01; Howard Hinnant's `civil_from_days`.
  init(daysSinceEpoch: Int64) {
    let shifted: Int64 = daysSinceEpoch + 719_468
    let era: Int64 = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra: Int64 = shifted - era * 146_097
    let yearOfEra: Int64 = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear: Int64 = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth: Int64 = (5 * dayOfYear + 2) / 153
    let day: Int64 = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month: Int64 = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year: Int64 = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    number = Int32(year * 10_000 + month * 100 + day)
  }
}

/// Where days begin: the partition time zone.
final class PartitionCalendar: Sendable {
  let timeZoneName: String
  private let timeZone: TimeZone?
  /// The span that was asked for last: exchanges come mostly from today.
  private let lastSpan: Mutex<(start: Int64, end: Int64, day: Day)?> = Mutex(nil)

  private static let dayLength: Int64 = 86_400_000

  /// nil for a name that is no time zone.
  init?(timeZoneName: String) {
    self.timeZoneName = timeZoneName
    if timeZoneName == "UTC" {
      timeZone = nil
    } else {
      guard let zone = TimeZone(identifier: timeZoneName) else { return nil }
      timeZone = zone
    }
  }

  /// The day of a time in Unix milliseconds.
  func day(of time: Int64) -> Day {
    guard let timeZone else { return Day(daysSinceEpoch: Self.floorDivide(time, Self.dayLength)) }
    if let span = lastSpan.withLock({ $0 }), span.start <= time, time < span.end { return span.day }
    let index: Int64 = Self.dayIndex(of: time, in: timeZone)
    let start: Int64 = Self.firstTime(ofDayIndex: index, in: timeZone)
    let end: Int64 = Self.firstTime(ofDayIndex: index + 1, in: timeZone)
    let day = Day(daysSinceEpoch: index)
    lastSpan.withLock { $0 = (start, end, day) }
    return day
  }

  /// The first millisecond of a time's day and of the day after it.
  func span(ofDayContaining time: Int64) -> Range<Int64> {
    guard let timeZone else {
      let start: Int64 = Self.floorDivide(time, Self.dayLength) * Self.dayLength
      return start..<(start + Self.dayLength)
    }
    let index: Int64 = Self.dayIndex(of: time, in: timeZone)
    return Self.firstTime(ofDayIndex: index, in: timeZone)..<Self.firstTime(ofDayIndex: index + 1, in: timeZone)
  }

  /// The first millisecond of a day and of the day after it.
  func span(of day: Day) -> Range<Int64> {
    let index: Int64 = day.daysSinceEpoch
    guard let timeZone else { return (index * Self.dayLength)..<((index + 1) * Self.dayLength) }
    return Self.firstTime(ofDayIndex: index, in: timeZone)..<Self.firstTime(ofDayIndex: index + 1, in: timeZone)
  }

  /// The ids that a day may hold.
  func ids(of day: Day) -> Range<UUIDv7> {
    let span: Range<Int64> = span(of: day)
    return UUIDv7.lowest(at: span.lowerBound)..<UUIDv7.lowest(at: span.upperBound)
  }

  /// `20250115_103000` in the partition time zone.
  func compactTimestamp(of time: Int64) -> String {
    let offset: Int64 = timeZone.map { Int64($0.secondsFromGMT(for: Self.date(time))) } ?? 0
    let seconds: Int64 = Self.floorDivide(time, 1000) + offset
    let index: Int64 = Self.floorDivide(seconds, 86_400)
    let second: Int64 = seconds - index * 86_400
    let clock: Int64 = second / 3600 * 10_000 + second % 3600 / 60 * 100 + second % 60
    return "\(Day(daysSinceEpoch: index).number)_" + String("\(1_000_000 + clock)".dropFirst())
  }

  private static func date(_ time: Int64) -> Date { Date(timeIntervalSince1970: Double(time) / 1000) }

  private static func dayIndex(of time: Int64, in zone: TimeZone) -> Int64 {
    let offset = Int64(zone.secondsFromGMT(for: date(time)))
    return floorDivide(time + offset * 1000, dayLength)
  }

  /// The first millisecond whose day is `index` or later: zones differ from UTC by at most 14 hours, and where clocks
  /// change at midnight a day may begin at one o'clock.
  private static func firstTime(ofDayIndex index: Int64, in zone: TimeZone) -> Int64 {
    var low: Int64 = index * dayLength - dayLength
    var high: Int64 = index * dayLength + dayLength
    while low < high {
      let middle: Int64 = low + (high - low) / 2
      if dayIndex(of: middle, in: zone) >= index { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
  }
}

import Foundation
import Testing

@testable import VerbatimStore

@Suite struct DayTests {
  @Test(arguments: [
    "UTC", "Asia/Shanghai", "America/Sao_Paulo", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati",
    "Pacific/Pago_Pago", "Australia/Lord_Howe", "Africa/Cairo",
  ])
  func `days agree with the calendar`(zone: String) throws {
    let calendar = try #require(PartitionCalendar(timeZoneName: zone))
    var gregorian = Calendar(identifier: .gregorian)
    gregorian.timeZone = try #require(TimeZone(identifier: zone))
    // Two steps a day, not aligned with it, from 1999 to 2031.
    for time in stride(from: Int64(915_148_800_000), to: 1_925_000_000_000, by: 41_234_567) {
      let date = Date(timeIntervalSince1970: Double(time) / 1000)
      let parts = gregorian.dateComponents([.year, .month, .day], from: date)
      let expected: Int = (parts.year ?? 0) * 10_000 + (parts.month ?? 0) * 100 + (parts.day ?? 0)
      #expect(calendar.day(of: time).number == Int32(expected))
      let span = calendar.span(ofDayContaining: time)
      #expect(span.contains(time))
      #expect(calendar.day(of: span.lowerBound - 1) < calendar.day(of: time))
      #expect(calendar.day(of: span.upperBound) > calendar.day(of: time))
    }
  }

  @Test func `an unknown zone is refused`() {
    #expect(PartitionCalendar(timeZoneName: "Mars/Olympus") == nil)
  }

  @Test func `a new conversation without a question is named by its time`() throws {
    let calendar = try #require(PartitionCalendar(timeZoneName: "Asia/Shanghai"))
    #expect(calendar.compactTimestamp(of: 1_736_908_200_000) == "20250115_103000")
  }
}

import Testing

@testable import VerbatimModel

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_736_937_000_000, "2025-01-15T10:30:00.000Z"),
      (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_007, "2000-02-29T00:00:00.007Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func `Moments are written and read`(milliseconds: Int64, text: String) {
    #expect(Timestamp.text(milliseconds) == text)
    #expect(Timestamp.milliseconds(iso8601: text.utf8) == milliseconds)
  }

  @Test(arguments: [
    "2025-01-15T10:30:00Z", "2025-01-15T10:30:00", "2025-01-15 10:30:00", "2025-01-15t10:30z",
    "2025-01-15T10:30:00.0009Z",
    "2025-01-15T18:30:00+08:00", "2025-01-15T18:30:00+0800", "2025-01-15T18:30+08", "2025-01-14T23:00:00-11:30",
    "2025-01-15T10:29:60Z", "2025-01-15T10:30:00,000000000Z",
  ])
  func `Other spellings of ISO 8601 are read`(text: String) {
    #expect(Timestamp.milliseconds(iso8601: text.utf8) == 1_736_937_000_000)
  }

  @Test func `A date is its midnight`() {
    #expect(Timestamp.milliseconds(iso8601: "2025-01-15".utf8) == 1_736_899_200_000)
  }

  @Test(arguments: [
    "", "2025", "2025-01", "2025-13-01", "2025-00-01", "2025-01-00", "2025-01-32", "2025-02-29", "2100-02-29",
    "2025-1-15", "2025-01-15T", "2025-01-15T10", "2025-01-15T24:00:00Z", "2025-01-15T10:60:00Z", "2025-01-15T10:30:61Z",
    "2025-01-15T10:30:00.Z", "2025-01-15T10:30:00X", "2025-01-15T10:30:00Zx", "2025-01-15T10:30:00+",
    "2025-01-15T10:30:00+8",
    "2025-01-15T10:30:00+24:00", "2025-01-15T10:30:00+08:60", "2025/01/15", "٢٠٢٥-01-15", " 2025-01-15",
  ])
  func `What is no moment is refused`(text: String) {
    #expect(Timestamp.milliseconds(iso8601: text.utf8) == nil)
  }
}

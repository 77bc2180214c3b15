import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Numbers at the ends of what a column can hold.
@Suite struct LegacyNumberTests {
  @Test(arguments: [
    ("1736937000", 1_736_937_000_000), ("1736937000123", 1_736_937_000_123), ("1736937000123456", 1_736_937_000_123),
    ("1736937000123456789", 1_736_937_000_123), ("9223372036854775807", 9_223_372_036_854), ("0", nil), ("-1", nil),
    ("-9223372036854776", nil), ("-9223372036854775808", nil), ("99999999999999999999", nil),
  ])
  func `a number is a time by its size`(_ number: String, _ expected: Int64?) throws {
    let time = try #require(LegacyTime(zoneName: "UTC"))
    #expect(time.milliseconds(Bytes(utf8: number)) == expected)
  }

  @Test func `what is open and what is missing is read back as it was`() {
    var progress = LegacyProgress()
    progress.position = "-1"
    progress.open = [.min, -9, -8, -7, -1, 3, .max]
    progress.gaps = [-5, -2, -1, 0, 1, 8]
    #expect(LegacyProgress(json: progress.json) == progress)
  }

  @Test(arguments: TestEngine.allCases)
  func `the first and the last number of a table are copied, once`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run([engine.history("conversation_histories")])
      let ids: [Int64] = [.min + 1, -3, -2, 7, .max - 1, .max]
      try await legacy.insert(
        into: "conversation_histories", ["id", "user_id", "created_at", "conversation_id", "role", "content"],
        ids.enumerated().map { index, id in
          [
            .integer(id), 7, .integer(.min + Int64(index)), "c", index % 2 == 0 ? "user" : "assistant",
            .text("content \(index)"),
          ]
        })
      try await TestEngine.sqlite.withStore { store in
        for _ in 0..<2 { try await LegacyFollower(from: legacy.place, to: store).copyOnce() }
        let page = try #require(await store.exchanges(of: "c", account: "7", before: nil, limit: 10))
        #expect(page.exchanges.count == 3)
        #expect(try await store.findings() == [])
      }
    }
  }
}

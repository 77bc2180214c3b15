import Testing

@testable import VerbatimServer

@Suite struct TokenBucketTests {
  private let start = ContinuousClock.now
  private let limit = RateLimit(perMinute: 60, burst: 3)

  @Test func `a full bucket lets its burst through and refuses the next`() {
    var bucket = TokenBucket(limit, at: start)
    let decisions = (0..<4).map { _ in bucket.take(limit, at: start) }
    #expect(decisions.map(\.isAllowed) == [true, true, true, false])
    #expect(decisions.map(\.remaining) == [2, 1, 0, 0])
    #expect(decisions[3].untilNext == .seconds(1))
    #expect(decisions[3].untilFull == .seconds(3))
  }

  @Test func `it fills steadily, and no further than its burst`() {
    var bucket = TokenBucket(limit, at: start)
    for _ in 0..<3 { #expect(bucket.take(limit, at: start).isAllowed) }
    #expect(!bucket.take(limit, at: start + .milliseconds(990)).isAllowed)
    #expect(bucket.take(limit, at: start + .milliseconds(1010)).isAllowed)
    #expect(bucket.take(limit, at: start + .seconds(3600)).remaining == 2)
  }

  @Test func `a clock that seems to run back takes nothing away`() {
    var bucket = TokenBucket(limit, at: start)
    #expect(bucket.take(limit, at: start + .seconds(10)).remaining == 2)
    #expect(bucket.take(limit, at: start).remaining == 1)
  }

  @Test func `a lower limit holds from the next request on`() {
    var bucket = TokenBucket(RateLimit(perMinute: 1000), at: start)
    #expect(bucket.take(limit, at: start).remaining == 2)
  }

  @Test func `a table forgets what was not used for long, and never what was used just now`() {
    var table = BucketTable(capacity: 10)
    let once = RateLimit(perMinute: 1)
    #expect(table.take("busy", once, at: start).isAllowed)
    #expect(table.take("idle", once, at: start).isAllowed)
    for index in 0..<1000 {
      _ = table.take("other \(index)", once, at: start)
      #expect(!table.take("busy", once, at: start).isAllowed)
      #expect(table.count <= 10)
    }
    #expect(table.take("idle", once, at: start).isAllowed, "begun anew")
  }
}

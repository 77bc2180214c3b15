import Testing

@testable import Databases

@Suite struct ReconnectBackOffTests {
  private let start = ContinuousClock.now
  private let failure = DatabaseError(kind: .unavailable, code: 7, message: "refused")

  @Test func `the first attempt is made at once, and the next after a pause`() {
    var backOff = ReconnectBackOff()
    #expect(backOff.refusal(at: start) == nil)
    backOff.fail(failure, at: start, share: 1)
    #expect(backOff.refusal(at: start + .milliseconds(49))?.code == 7)
    #expect(backOff.refusal(at: start + .milliseconds(50)) == nil)
  }

  @Test func `pauses double up to two seconds`() {
    var backOff = ReconnectBackOff()
    var now = start
    let pauses = (0..<8).map { _ in
      backOff.fail(failure, at: now, share: 1)
      let end = (1...3000).first { backOff.refusal(at: now + .milliseconds($0)) == nil }
      now += .milliseconds(end ?? 0)
      return end
    }
    #expect(pauses == [50, 100, 200, 400, 800, 1600, 2000, 2000])
  }

  @Test func `pauses differ by up to half`() {
    var (short, long) = (ReconnectBackOff(), ReconnectBackOff())
    short.fail(failure, at: start, share: 0)
    long.fail(failure, at: start, share: 1)
    #expect(short.refusal(at: start + .milliseconds(25)) == nil)
    #expect(long.refusal(at: start + .milliseconds(25)) != nil)
  }

  @Test func `a success is followed by an attempt at once`() {
    var backOff = ReconnectBackOff()
    backOff.fail(failure, at: start, share: 1)
    backOff.succeed()
    #expect(backOff.refusal(at: start) == nil)
    backOff.fail(failure, at: start, share: 1)
    #expect(backOff.refusal(at: start + .milliseconds(50)) == nil)
  }
}

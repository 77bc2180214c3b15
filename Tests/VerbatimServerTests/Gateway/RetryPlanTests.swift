import Testing

@testable import VerbatimServer

@Suite struct RetryPlanTests {
  private static let busy = RetryPlan.Failure.answered(status: 503, retryAfter: nil)

  /// What the plan says at first, and after each failure.
  private func actions(
    _ count: Int, _ failures: [RetryPlan.Failure] = [], jitter: Double = 0.5
  ) -> [RetryPlan.Action] {
    var plan = RetryPlan(count: count)
    return [plan.first()] + failures.map { plan.next(after: $0, jitter: jitter) }
  }

  @Test func `each upstream is asked once, then the first again after a pause`() {
    #expect(
      actions(2, Array(repeating: .notSent, count: 4)) == [
        .attempt(0, after: .zero), .attempt(1, after: .zero), .attempt(0, after: .milliseconds(200)),
        .attempt(1, after: .zero), .giveUp,
      ])
  }

  @Test func `one alone is asked three times, after growing pauses`() {
    #expect(
      actions(1, Array(repeating: Self.busy, count: 3), jitter: 0) == [
        .attempt(0, after: .zero), .attempt(0, after: .milliseconds(100)), .attempt(0, after: .milliseconds(200)),
        .giveUp,
      ])
  }

  @Test func `Retry-After is kept to, within bounds`() {
    let failures = [2, 6].map { RetryPlan.Failure.answered(status: 429, retryAfter: .seconds($0)) }
    #expect(actions(1, failures) == [.attempt(0, after: .zero), .attempt(0, after: .seconds(2)), .giveUp])
  }

  @Test func `what may have begun is not asked of the same upstream again`() {
    #expect(actions(1, [.unanswered]).last == .giveUp)
    #expect(actions(2, [.unanswered]).last == .attempt(1, after: .zero))
  }

  @Test(arguments: [400, 404, 413, 422]) func `what is the caller's mistake is final`(_ status: Int) {
    #expect(actions(3, [.answered(status: status, retryAfter: nil)]).last == .giveUp)
  }

  @Test func `without upstreams there is nothing to do`() {
    #expect(actions(0) == [.giveUp])
  }
}

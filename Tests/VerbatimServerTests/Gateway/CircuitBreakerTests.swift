import Testing

@testable import VerbatimServer

@Suite struct CircuitBreakerTests {
  private let start = ContinuousClock.now

  private func broken() -> CircuitBreaker {
    var breaker = CircuitBreaker()
    for _ in 0..<5 { breaker.noteFailure(at: start) }
    return breaker
  }

  private func expect(
    _ breaker: inout CircuitBreaker, at time: ContinuousClock.Instant, _ expected: Bool,
    location: SourceLocation = #_sourceLocation
  ) {
    let isAdmitted = breaker.admits(at: time)
    #expect(isAdmitted == expected, sourceLocation: location)
  }

  @Test func `five failures in a row open it`() {
    var breaker = CircuitBreaker()
    for _ in 0..<4 { breaker.noteFailure(at: start) }
    expect(&breaker, at: start, true)
    breaker.noteSuccess()
    for _ in 0..<4 { breaker.noteFailure(at: start) }
    expect(&breaker, at: start, true)
    breaker.noteFailure(at: start)
    expect(&breaker, at: start, false)
    #expect(breaker.opensAgain(at: start) == .seconds(2))
  }

  @Test func `after its pause one call is let through, which decides`() {
    var breaker = broken()
    expect(&breaker, at: start + .milliseconds(1999), false)
    expect(&breaker, at: start + .seconds(2), true)
    expect(&breaker, at: start + .seconds(2), false)
    breaker.noteSuccess()
    expect(&breaker, at: start + .seconds(2), true)
    #expect(breaker.opensAgain(at: start) == nil)
  }

  @Test func `pauses grow up to a minute`() {
    var breaker = broken()
    var now = start
    var pauses: [Duration] = []
    for _ in 0..<8 {
      guard let pause = breaker.opensAgain(at: now) else { break }
      pauses.append(pause)
      now += pause
      expect(&breaker, at: now, true)
      breaker.noteFailure(at: now)
    }
    #expect(pauses == [2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
  }

  @Test func `a call that could not be sent leaves the decision to the next`() {
    var breaker = broken()
    expect(&breaker, at: start + .seconds(2), true)
    breaker.noteUnasked(at: start + .seconds(3))
    expect(&breaker, at: start + .seconds(3), true)
    breaker.noteFailure(at: start + .seconds(4))
    #expect(breaker.opensAgain(at: start + .seconds(4)) == .seconds(4))
  }

  @Test func `a call that never comes back does not keep it open for ever`() {
    var breaker = broken()
    expect(&breaker, at: start + .seconds(2), true)
    expect(&breaker, at: start + .seconds(31), false)
    expect(&breaker, at: start + .seconds(32), true)
  }
}

/// Keeps calls away from an upstream that has failed several times in a row, and lets one through now and then to see
/// whether it is back.
struct CircuitBreaker: Sendable {
  private enum State {
    case closed(failures: Int)
    case open(until: ContinuousClock.Instant, pause: Duration)
    /// One call is under way to see.
    case halfOpen(since: ContinuousClock.Instant, pause: Duration)
  }

  /// Failures in a row.
  private static let threshold = 5
  private static let shortestPause: Duration = .seconds(2)
  private static let longestPause: Duration = .seconds(60)
  /// After this long a probe counts as lost, for its caller may have gone.
  private static let probePatience: Duration = .seconds(30)

  private var state = State.closed(failures: 0)

  init() {}

  /// Whether a call may be made; one that may must be noted as succeeded or failed.
  mutating func admits(at now: ContinuousClock.Instant) -> Bool {
    switch state {
    case .closed: return true
    case .open(let until, let pause):
      guard now >= until else { return false }
      state = .halfOpen(since: now, pause: pause)
      return true
    case .halfOpen(let since, let pause):
      guard now >= since + Self.probePatience else { return false }
      state = .halfOpen(since: now, pause: pause)
      return true
    }
  }

  mutating func noteSuccess() { state = .closed(failures: 0) }

  mutating func noteFailure(at now: ContinuousClock.Instant) {
    switch state {
    case .closed(let failures) where failures + 1 < Self.threshold: state = .closed(failures: failures + 1)
    case .closed: state = .open(until: now + Self.shortestPause, pause: Self.shortestPause)
    case .halfOpen(_, let pause):
      let longer = min(pause * 2, Self.longestPause)
      state = .open(until: now + longer, pause: longer)
    // Of a call that set out before.
    case .open: break
    }
  }

  /// A call that was let through has shown nothing: another one is to see.
  mutating func noteUnasked(at now: ContinuousClock.Instant) {
    if case .halfOpen(_, let pause) = state { state = .open(until: now, pause: pause) }
  }

  /// When it may be worth asking again; nil while calls are let through.
  func opensAgain(at now: ContinuousClock.Instant) -> Duration? {
    switch state {
    case .closed: nil
    case .open(let until, _): max(.zero, now.duration(to: until))
    case .halfOpen: Self.shortestPause
    }
  }
}

/// When a server that could not be reached is tried again: at once the first time, then after pauses that double up to
/// a bound and differ from connection to connection. Meanwhile callers get the failure of the last attempt, for waiting
/// would only make their line longer.
struct ReconnectBackOff {
  private static let shortest = Duration.milliseconds(50)
  private static let longest = Duration.seconds(2)

  private var failure: DatabaseError?
  private var nextAttempt: ContinuousClock.Instant?
  private var pause = Self.shortest

  /// Why not to try now; nil when it is time.
  func refusal(at now: ContinuousClock.Instant) -> DatabaseError? {
    guard let nextAttempt, now < nextAttempt else { return nil }
    return failure
  }

  /// An attempt failed. `share`, of 0 to 1, is how much of the pause is spent: at least half of it.
  mutating func fail(_ error: DatabaseError, at now: ContinuousClock.Instant, share: Double) {
    failure = error
    nextAttempt = now + pause * (0.5 + share / 2)
    pause = min(pause * 2, Self.longest)
  }

  /// An attempt succeeded: the next one, whenever it is needed, is made at once.
  mutating func succeed() { self = ReconnectBackOff() }
}

/// Fills steadily; a request takes one token, or is refused where there is none.
struct TokenBucket: Sendable {
  private var tokens: Double
  private var time: ContinuousClock.Instant

  /// Full.
  init(_ limit: RateLimit, at time: ContinuousClock.Instant) {
    tokens = Double(limit.burst)
    self.time = time
  }

  mutating func take(_ limit: RateLimit, at now: ContinuousClock.Instant) -> RateDecision {
    let elapsed = max(.zero, time.duration(to: now))
    tokens = min(Double(limit.burst), tokens + elapsed / .seconds(60) * Double(limit.perMinute))
    time = max(time, now)
    let isAllowed = tokens >= 1
    if isAllowed { tokens -= 1 }
    return RateDecision(limit, isAllowed: isAllowed, tokens: tokens)
  }
}

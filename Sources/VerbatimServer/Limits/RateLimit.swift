/// How many requests are let through: so many a minute in the long run, and so many at once.
package struct RateLimit: Sendable, Equatable {
  package var perMinute: Int
  /// What a bucket holds when it is full.
  package var burst: Int

  package init(perMinute: Int, burst: Int? = nil) {
    self.perMinute = perMinute
    self.burst = burst ?? perMinute
  }

  /// How long `tokens` take to come.
  func time(for tokens: Double) -> Duration { .seconds(tokens * 60 / Double(perMinute)) }
}

/// Whether a request may go on, and what is left.
struct RateDecision: Sendable, Equatable {
  let limit: RateLimit
  let isAllowed: Bool
  /// Whole requests that would be let through at once now.
  let remaining: Int
  let untilFull: Duration
  /// Until one more request is let through.
  let untilNext: Duration

  /// `tokens`: what is left in the bucket.
  init(_ limit: RateLimit, isAllowed: Bool, tokens: Double) {
    self.limit = limit
    self.isAllowed = isAllowed
    remaining = Int(tokens.rounded(.down))
    untilFull = limit.time(for: Double(limit.burst) - tokens)
    untilNext = limit.time(for: max(0, 1 - tokens))
  }
}

/// The buckets of this process: at most so many, of which those that were not used for the longest time go first.
///
/// Two generations instead of a list in the order of use: when the younger one has filled half of the room, it becomes
/// the older one, and what was in that is forgotten. A bucket that is forgotten begins anew as a full one.
struct BucketTable: Sendable {
  private let generationSize: Int
  private var younger: [String: TokenBucket] = [:]
  private var older: [String: TokenBucket] = [:]

  init(capacity: Int) { generationSize = max(1, capacity / 2) }

  var count: Int { younger.count + older.count }

  mutating func take(_ name: String, _ limit: RateLimit, at now: ContinuousClock.Instant) -> RateDecision {
    if let index = younger.index(forKey: name) { return younger.values[index].take(limit, at: now) }
    if younger.count >= generationSize {
      older = younger
      younger = [:]
    }
    var bucket = older.removeValue(forKey: name) ?? TokenBucket(limit, at: now)
    let decision = bucket.take(limit, at: now)
    younger[name] = bucket
    return decision
  }
}

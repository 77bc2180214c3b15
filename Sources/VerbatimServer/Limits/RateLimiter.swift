import Redis
import Synchronization
import VerbatimModel

/// Counts requests: in Redis for all replicas together where there is one, else, and while it is away, in the memory of
/// this process. It fails no request.
package final class RateLimiter: Sendable {
  /// Whom a bucket belongs to. Keys and addresses have tables of their own, so that a flood of addresses makes no key's
  /// bucket be forgotten.
  enum Subject: Sendable, Hashable {
    case key(String)
    case address(String)
  }

  private static let capacity = 100_000

  private let shared: SharedBuckets?
  private let keys = Mutex(BucketTable(capacity: capacity))
  private let addresses = Mutex(BucketTable(capacity: capacity))
  private let outage = Outage()
  private let now: @Sendable () -> ContinuousClock.Instant
  private let log: Log

  package init(
    redis: RedisClient? = nil, log: Log, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    shared = redis.map { SharedBuckets(redis: $0) }
    self.log = log
    self.now = now
  }

  /// Takes one request from the subject's bucket.
  func take(_ subject: Subject, _ limit: RateLimit) async -> RateDecision {
    guard let shared else { return takeHere(subject, limit) }
    do {
      let decision = try await shared.take(subject.name, limit)
      noteRedis(nil)
      return decision
    } catch {
      noteRedis(error)
      return takeHere(subject, limit)
    }
  }

  private func takeHere(_ subject: Subject, _ limit: RateLimit) -> RateDecision {
    let now = now()
    return switch subject {
    case .key(let name): keys.withLock { $0.take(name, limit, at: now) }
    case .address(let name): addresses.withLock { $0.take(name, limit, at: now) }
    }
  }

  private func noteRedis(_ error: RedisError?) {
    guard let address = shared?.redis.address.description else { return }
    outage.note(error) { error in
      log.warning(
        "Redis cannot be used; each server counts requests by itself until it can",
        ["redis": address, "reason": error.description])
    } ended: {
      log.info("Redis can be used again", ["redis": address])
    }
  }
}

extension RateLimiter.Subject {
  /// Unlike any other subject's.
  fileprivate var name: String {
    switch self {
    case .key(let id): "key:" + id
    case .address(let address): "address:" + address
    }
  }
}

import Redis
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite(.timeLimit(.minutes(2))) struct RateLimiterTests {
  /// None comes back while a test runs.
  private let limit = RateLimit(perMinute: 1, burst: 10)

  @Test func `a key and an address of the same name have buckets of their own`() async {
    let limiter = RateLimiter(log: .silent)
    let once = RateLimit(perMinute: 1)
    #expect(await limiter.take(.key("1"), once).isAllowed)
    #expect(await limiter.take(.address("1"), once).isAllowed)
    #expect(await !limiter.take(.key("1"), once).isAllowed)
  }

  @Test func `two servers share a limit through Redis, to the last request`() async throws {
    try await RedisServer.with { redis in
      let limiters = [
        RateLimiter(redis: try await RedisClient.connect(to: redis.address, timeout: .seconds(10)), log: .silent),
        RateLimiter(redis: try await RedisClient.connect(to: redis.address, timeout: .seconds(10)), log: .silent),
      ]
      let allowed = await withTaskGroup(of: Bool.self) { group in
        for index in 0..<100 {
          group.addTask { await limiters[index % 2].take(.key("shared"), limit).isAllowed }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(allowed == 10)
      let refused = await limiters[0].take(.key("shared"), limit)
      #expect(refused.remaining == 0)
      #expect(refused.untilNext > .seconds(1) && refused.untilNext <= .seconds(60))
    }
  }

  @Test func `a bucket fills in Redis, and is gone from there once it would be full`() async throws {
    try await RedisServer.with { redis in
      let client = try await RedisClient.connect(to: redis.address, timeout: .seconds(10))
      let limiter = RateLimiter(redis: client, log: .silent)
      let fast = RateLimit(perMinute: 60_000, burst: 1)
      #expect(await limiter.take(.key("fast"), fast).isAllowed)
      while await !limiter.take(.key("fast"), fast).isAllowed {}
      var left: Int64 = -2
      // What is gone already is made again.
      while left == -2 {
        _ = await limiter.take(.key("fast"), fast)
        guard case .integer(let time) = try await client.send("PTTL", "verbatim:limit:key:fast") else {
          Issue.record("no time to live")
          return
        }
        left = Int64(time)
      }
      #expect((1...1001).contains(left))
    }
  }

  @Test func `Redis that is killed fails no request and is used again when it is back`() async throws {
    try await RedisServer.with { redis in
      let client = try await RedisClient.connect(
        to: redis.address, timeout: .seconds(10), retryingEvery: .milliseconds(20))
      let said = Mutex<[String]>([])
      let limiter = RateLimiter(
        redis: client, log: Log(level: .info) { _, message, _ in said.withLock { $0.append(message) } })
      #expect(await limiter.take(.key("one"), limit).remaining == 9)

      try await redis.kill()
      let alone = await (0..<20).asyncCount { _ in await limiter.take(.key("one"), limit).isAllowed }
      #expect(alone == 10, "counted by this process alone, from a full bucket")

      try await redis.start()
      while try await client.isAway {}
      #expect(await limiter.take(.key("one"), limit).remaining == 9, "the restarted server has forgotten it")
      #expect(
        said.withLock { $0 } == [
          "Redis cannot be used; each server counts requests by itself until it can", "Redis can be used again",
        ])
    }
  }

  @Test func `a reply that makes no sense is no reason to fail`() async throws {
    try await RedisServer.with { redis in
      let client = try await RedisClient.connect(to: redis.address, timeout: .seconds(10))
      _ = try await client.send("SET", "verbatim:limit:key:odd", "text")
      let limiter = RateLimiter(redis: client, log: .silent)
      #expect(await limiter.take(.key("odd"), limit).remaining == 9)
    }
  }
}

extension Sequence {
  fileprivate func asyncCount(_ isCounted: (Element) async -> Bool) async -> Int {
    var count = 0
    for element in self where await isCounted(element) { count += 1 }
    return count
  }
}

extension RedisClient {
  fileprivate var isAway: Bool {
    get async throws {
      do {
        _ = try await send("PING")
        return false
      } catch {
        guard error.kind == .unavailable else { throw error }
        return true
      }
    }
  }
}

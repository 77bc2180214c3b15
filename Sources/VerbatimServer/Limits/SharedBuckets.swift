import Redis

/// Buckets in Redis, which all replicas take from. They are gone from there once they would be full.
struct SharedBuckets: Sendable {
  /// Takes a token by the server's own clock, so that the clocks of replicas do not matter. Gives whether there was one,
  /// and what is left, as text, since numbers lose their fraction on the way.
  private static let script = RedisScript(
    """
    local burst, per_minute = tonumber(ARGV[1]), tonumber(ARGV[2])
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'time')
    local tokens, last = tonumber(bucket[1]) or burst, tonumber(bucket[2]) or now
    tokens = math.min(burst, tokens + math.max(0, now - last) * per_minute / 60000)
    local allowed = 0
    if tokens >= 1 then
      allowed = 1
      tokens = tokens - 1
    end
    redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'time', math.max(now, last))
    redis.call('PEXPIRE', KEYS[1], math.ceil((burst - tokens) * 60000 / per_minute) + 1000)
    return {allowed, string.format('%.6f', tokens)}
    """)

  let redis: RedisClient

  func take(_ name: String, _ limit: RateLimit) async throws(RedisError) -> RateDecision {
    let reply = try await redis.run(
      Self.script, keys: ["verbatim:limit:" + name], [String(limit.burst), String(limit.perMinute)])
    guard case .array(let values) = reply, values.count == 2, case .integer(let allowed) = values[0],
      case .bytes(let text) = values[1], let tokens = Double(String(decoding: text, as: UTF8.self))
    else { throw RedisError(.refused, "a bucket's script gave something else than a number of tokens") }
    return RateDecision(limit, isAllowed: allowed == 1, tokens: max(0, min(Double(limit.burst), tokens)))
  }
}

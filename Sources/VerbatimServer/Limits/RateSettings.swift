import Redis
import VerbatimStore

/// How many requests are let through, as it was set.
package struct RateSettings: Sendable, Equatable {
  /// Refused requests a minute from one address off loopback, where nothing is set.
  static let standardRefusals = 600

  /// A minute, by one key; 0: no limit.
  package var perKey = 0
  /// A minute, from one address without a good key; 0: no limit; nil: not set.
  package var perAddress: Int?
  /// nil: a minute's.
  package var burst: Int?

  package init() {}

  /// Of a key that has `own` limits, each of which stands in the place of what is set; nil: no limit.
  func limit(of own: KeyRate) -> RateLimit? {
    let perMinute = own.perMinute.map(Int.init) ?? perKey
    return perMinute == 0 ? nil : RateLimit(perMinute: perMinute, burst: own.burst.map(Int.init) ?? burst)
  }

  /// Of requests that carry no key, where none is needed; nil: no limit.
  var ofKeyless: RateLimit? { perAddress.flatMap(limit) }

  /// Of requests that are refused for their key; nil: no limit. The standard one leaves loopback alone, since behind a
  /// proxy that `TRUSTED_PROXIES` does not name everybody seems to come from there.
  func ofRefusals(onLoopback isLoopback: Bool) -> RateLimit? {
    if let perAddress { return limit(perAddress) }
    return isLoopback ? nil : limit(Self.standardRefusals)
  }

  private func limit(_ perMinute: Int) -> RateLimit? {
    perMinute == 0 ? nil : RateLimit(perMinute: perMinute, burst: burst)
  }
}

extension Settings {
  static let redis = Setting(
    "REDIS_CONN_STRING", "--redis", "URL", isDSN: true,
    "Redis, where replicas count requests and keep answers of /api/chat together: redis://:password@host:6379/0; "
      + "while it is away each does so by itself."
  ) { text, configuration throws(SettingError) in
    do throws(RedisAddress.Problem) {
      configuration.redis = try RedisAddress(url: text)
    } catch {
      throw SettingError(error.problem, allowed: error.allowed)
    }
  }

  static let rates: [Setting] = [
    Setting(
      "RATE_LIMIT_KEY", "--rate-limit-key", "COUNT", standard: "0",
      "Requests a minute with one key; 0: no limit. A batch counts as one."
    ) { text, configuration throws(SettingError) in
      configuration.rates.perKey = try Value.integer(text, 0...10_000_000)
    },
    Setting(
      "RATE_LIMIT_ADDRESS", "--rate-limit-address", "COUNT", standard: "600 refused, none on loopback",
      "Requests a minute from one address without a key, or with one that is refused; 0: no limit."
    ) { text, configuration throws(SettingError) in
      configuration.rates.perAddress = try Value.integer(text, 0...10_000_000)
    },
    Setting(
      "RATE_LIMIT_BURST", "--rate-limit-burst", "COUNT", standard: "a minute's",
      "The most requests that come at once, of a key or an address, after it has been silent."
    ) { text, configuration throws(SettingError) in
      configuration.rates.burst = try Value.integer(text, 1...10_000_000)
    },
    redis,
    Setting(
      "REDIS_TIMEOUT_MS", "--redis-timeout-ms", "MS", standard: "50",
      "How long an answer of Redis is waited for, before this server goes on by itself."
    ) { text, configuration throws(SettingError) in
      configuration.redisTimeout = .milliseconds(try Value.integer(text, 1...60_000))
    },
  ]
}

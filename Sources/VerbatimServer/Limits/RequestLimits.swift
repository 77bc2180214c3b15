import HTTP
import Redis
import VerbatimModel

/// Holds callers to their limits, once it is known who they are: a key to its own; those without one, where none is
/// needed, and those who are refused, to their address's.
struct RequestLimits: Sendable {
  private let settings: RateSettings
  private let limiter: RateLimiter

  init(_ settings: RateSettings, limiter: RateLimiter) {
    self.settings = settings
    self.limiter = limiter
  }

  /// The decision on a request of a known caller; nil where no limit holds. Throws 429 where there is nothing left.
  func admit(_ request: HTTPRequest) async throws -> RateDecision? {
    switch try request.caller.credential {
    case .commandLine: return nil
    case .keyless:
      guard let limit = settings.ofKeyless else { return nil }
      return try await taken(.address(Self.network(of: request)), limit)
    case .key(let id, _, _, let rate):
      guard let limit = settings.limit(of: rate) else { return nil }
      return try await taken(.key(id.description), limit)
    }
  }

  /// What a refused request is answered with: the refusal or, where its address has had too many, 429.
  func counted(_ refusal: APIError, of request: HTTPRequest) async -> APIError {
    let isLoopback = HostAddress.isLoopback(request.peerAddress)
    guard refusal.status == 401 || refusal.status == 403, let limit = settings.ofRefusals(onLoopback: isLoopback) else {
      return refusal
    }
    let decision = await limiter.take(.address(Self.network(of: request)), limit)
    return decision.isAllowed ? refusal : .rateLimited(decision)
  }

  private func taken(_ subject: RateLimiter.Subject, _ limit: RateLimit) async throws -> RateDecision {
    let decision = await limiter.take(subject, limit)
    guard decision.isAllowed else { throw APIError.rateLimited(decision) }
    return decision
  }

  /// Whoever has one IPv6 address has as many as a network of 64 bits holds.
  private static func network(of request: HTTPRequest) -> String {
    ClientAddress.network(of: request.peerAddress)
  }
}

extension RateDecision {
  static let fieldNames = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]

  /// Seconds are whole ones, rounded up.
  func addFields(to fields: inout HTTPFields) {
    let values = [String(limit.burst), String(remaining), String(untilFull.roundedUpSeconds)]
    for (name, value) in zip(Self.fieldNames, values) { fields[name] = value }
  }
}

extension APIError {
  static func rateLimited(_ decision: RateDecision) -> APIError {
    let seconds = max(1, decision.untilNext.roundedUpSeconds)
    var error = APIError(
      status: 429, code: "rate_limit_exceeded",
      detail: "more than \(decision.limit.perMinute) requests a minute; try again in \(seconds) s",
      fields: ["Retry-After": String(seconds)])
    decision.addFields(to: &error.fields)
    return error
  }
}

extension Duration {
  fileprivate var roundedUpSeconds: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}

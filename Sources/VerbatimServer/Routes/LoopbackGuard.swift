import HTTP

/// Keeps web pages out while there are no keys: on loopback, whoever reaches the server is trusted, and a page in a
/// browser on this machine reaches it, by a name of its own that resolves to 127.0.0.1 or by requests across origins that
/// need no leave. Only browsers can be turned against their users so; other clients may call the server what they like.
struct LoopbackGuard: Middleware {
  private let origins: CORS.Origins

  /// nil where it is not needed: with `AUTH=off` said aloud, or off loopback.
  init?(_ configuration: Configuration) {
    guard configuration.authentication == nil, HostAddress.isLoopback(configuration.host) else { return nil }
    origins = configuration.corsOrigins
  }

  func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    if Self.isOfBrowser(request), let host = request.fields["Host"], !Self.isLoopback(host[...]) {
      throw APIError.forbidden(
        "the Host \(host) is not this machine's loopback: while there are no keys, only localhost, 127.0.0.0/8 and "
          + "[::1] are served, to keep web pages out; a proxy must send such a Host, or AUTH=off lifts this")
    }
    if let origin = request.fields["Origin"], !Self.isLoopback(origin: origin), !origins.contains(origin) {
      throw APIError.forbidden(
        "pages of \(origin) may not call this server: while there are no keys, only those of this machine and of "
          + "CORS_ORIGINS may; AUTH=off lifts this")
    }
    return try await next(request)
  }

  /// Every browser names itself so, and no page can change it.
  private static func isOfBrowser(_ request: HTTPRequest) -> Bool {
    request.fields["User-Agent"]?.hasPrefix("Mozilla/") == true || request.fields["Origin"] != nil
  }

  private static func isLoopback(origin: String) -> Bool {
    guard let mark = origin.firstRange(of: "://") else { return false }
    return isLoopback(origin[mark.upperBound...])
  }

  /// `localhost`, `127.0.0.1:10000`, `[::1]:10000`.
  private static func isLoopback(_ authority: Substring) -> Bool {
    guard authority.hasPrefix("[") else { return HostAddress.isLoopback(authority.prefix { $0 != ":" }.lowercased()) }
    guard let end = authority.firstIndex(of: "]") else { return false }
    return HostAddress.isLoopback(String(authority[...end]))
  }
}

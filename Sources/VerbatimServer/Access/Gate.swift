import HTTP
import VerbatimModel
import VerbatimStore

/// The one place where it is decided who may call a route; what they may touch there, the store's statements decide.
struct Gate: Sendable {
  /// The header that names the user for whom a key acts.
  static let userField = "X-User-Id"

  let authentication: Authentication

  /// The request with its caller; throws 401 for nobody known, 403 for somebody who may not do this at all.
  func admit(_ request: HTTPRequest, needs need: Need) async throws -> HTTPRequest {
    guard need != .nothing else { return request }
    var caller = try await authentication.caller(of: request)
    if let user = try Self.user(request.fields) { try caller.act(forUser: user) }
    if let account = request.queryParameter("account_id"), !account.isEmpty {
      try caller.act(inAccount: try Self.checked(account, "account_id", limit: Account.longestName))
    }
    guard caller.may(need) else { throw Self.refusal(of: caller, for: need) }
    var request = request
    request.principal = caller
    return request
  }

  private static func refusal(of caller: Caller, for need: Need) -> APIError {
    guard caller.credential == .keyless else {
      return .forbidden("this key may not do this: it needs the scope \(need.rawValue)")
    }
    return .unauthorized(
      "this needs the key of an administrator, and the request came without one; the first one is made on the server's "
        + "own machine: verbatim keys create --name NAME --scopes admin --account ACCOUNT --make-account")
  }

  /// An empty one is no way to say everybody: a gateway that forgot its user would reach all of them.
  private static func user(_ fields: HTTPFields) throws(APIError) -> String? {
    let named = fields.values(of: userField)
    guard let user = named.first else { return nil }
    guard named.count == 1, !user.isEmpty else { throw .invalid("\(userField) must name one user") }
    return try checked(user, userField, limit: IngestLimits.userID)
  }

  private static func checked(_ text: String, _ name: String, limit: Int) throws(APIError) -> String {
    guard text.unicodeScalars.count <= limit else { throw .invalid("\(name) is longer than \(limit) characters") }
    guard !text.unicodeScalars.contains(where: { $0 == "\u{FFFD}" || $0 == "\0" }) else {
      throw .invalid("\(name) must be UTF-8 without NUL")
    }
    return text
  }
}

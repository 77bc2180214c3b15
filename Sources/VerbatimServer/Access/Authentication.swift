import HTTP
import VerbatimModel
import VerbatimStore

/// Finds out who sends a request.
struct Authentication: Sendable {
  static let keyField = "x-api-key"

  /// Whether there is no way in without one.
  private let asksForKeys: Bool
  private let host: String
  private let keys: KeyCache
  /// What the command line on this machine shows; it lives as long as this process.
  private let commandLineToken: KeyDigest?

  init(_ configuration: Configuration, keys: KeyCache, commandLineToken: KeySecret?) {
    asksForKeys = configuration.asksForKeys
    host = configuration.host
    self.keys = keys
    self.commandLineToken = commandLineToken?.digest
  }

  /// Throws 401 for nobody known, 503 where that cannot be said now.
  ///
  /// Where no keys are asked for, a key that is none of ours counts as none, since the clients of model providers always
  /// send one; one of ours is honoured or refused.
  func caller(of request: HTTPRequest) async throws -> Caller {
    guard let key = try presentedKey(request.fields) else {
      if asksForKeys { throw APIError.unauthorized("this server asks for a key: Authorization: Bearer vb-…") }
      return .keyless
    }
    guard KeySecret.isWellFormed(key) else { throw Self.badKey }
    let digest = KeyDigest(of: key)
    if let commandLineToken, commandLineToken.isEqual(to: digest) { return try commandLine(at: request.peerAddress) }
    guard let holder = try await keys.holder(of: digest), digest.isEqual(to: holder.hash),
      holder.isGood(at: UnixClock.milliseconds())
    else { throw Self.badKey }
    keys.noteUse(of: holder.key.id)
    return Caller(holder)
  }

  private static let badKey = APIError.unauthorized("the key is not known, has expired or was revoked")

  private func commandLine(at address: String) throws(APIError) -> Caller {
    guard HostAddress.isLoopback(address) || address == host else { throw Self.badKey }
    return .commandLine
  }

  /// The key, where one was sent that matters. Throws 400 for two that differ.
  private func presentedKey(_ fields: HTTPFields) throws(APIError) -> String? {
    var presented: String?
    for key in fields.values(of: "Authorization").compactMap(Self.bearer) + fields.values(of: Self.keyField) {
      guard asksForKeys || KeySecret.isMeant(by: key) else { continue }
      if let presented, presented != key {
        throw .invalid("Authorization and \(Self.keyField) hold different keys; send one")
      }
      presented = key
    }
    return presented
  }

  /// What follows `Bearer`.
  private static func bearer(_ field: String) -> String? {
    let scheme = "bearer "
    guard field.utf8.count > scheme.utf8.count, field.prefix(scheme.count).lowercased() == scheme else { return nil }
    return String(field.dropFirst(scheme.count).drop { $0 == " " })
  }
}

extension Caller {
  fileprivate init(_ holder: KeyHolder) {
    self.init(
      credential: .key(
        id: holder.key.id, name: holder.key.name, tokenID: holder.key.tokenID, rate: holder.key.rate),
      account: holder.key.account, role: holder.role, scopes: holder.key.scopes, app: holder.key.app,
      user: holder.key.user)
  }

  /// Whoever may read the files of the server's own user.
  fileprivate static let commandLine = Caller(
    credential: .commandLine, account: Account.standard, role: .admin,
    scopes: [.admin, .ingest, .read, .chat, .actForUsers])
}

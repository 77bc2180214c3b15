import HTTP
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

extension Configuration {
  /// As it is, but asking for keys.
  static var withKeys: Configuration {
    var configuration = Configuration()
    configuration.authentication = .on
    return configuration
  }
}

extension HTTPFields {
  static func key(_ key: String) -> HTTPFields { ["Authorization": "Bearer \(key)"] }
}

extension TestAPI {
  /// A new key; an account that is missing is made.
  func makeKey(
    _ scopes: Scopes = .standard, account: String = Account.standard, role: Account.Role = .user, app: String? = nil,
    user: String? = nil, expiresAt: Int64? = nil, perMinute: Int64? = nil
  ) async throws -> String {
    if try await main.account(named: account) == nil { _ = try await main.createAccount(named: account, role: role) }
    let secret = KeySecret()
    var new = NewAPIKey(
      account: account, name: "test", prefix: secret.prefix, hash: secret.digest.bytes, scopes: scopes, app: app,
      user: user, expiresAt: expiresAt)
    new.rate.perMinute = perMinute
    _ = try await main.createKey(new)
    return secret.text
  }

  /// The key of an administrator, whose own account holds nothing.
  func makeAdminKey() async throws -> String { try await makeKey(.admin, account: "root", role: .admin) }
}

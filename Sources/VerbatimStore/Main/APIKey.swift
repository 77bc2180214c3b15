import VerbatimModel

/// What is known of an API key; the key itself is not kept, only its hash.
package struct APIKey: Sendable, Equatable {
  package enum Status: String, Sendable, CaseIterable { case active, expired, revoked }

  /// In characters.
  package static let longestName = 255

  package var id: UUIDv7
  /// Whose it is.
  package var account: String
  /// For people.
  package var name: String
  /// How it begins, to know it again: `vb-` and 8 characters.
  package var prefix: String
  package var scopes: Scopes
  /// The only app and user it is good for; nil: any.
  package var app: String?
  package var user: String?
  /// Unix milliseconds, UTC, like the other times.
  package var expiresAt: Int64?
  package var createdAt: Int64
  /// Written at most once a minute.
  package var lastUsedAt: Int64?
  package var revokedAt: Int64?
  /// The key in whose place it came.
  package var rotatedFrom: UUIDv7?
  /// Its number, as the exchanges that it recorded have it; nil where an older program made it.
  package var tokenID: Int64?
  package var rate = KeyRate()

  /// A revocation holds at once, whatever the clocks of different servers say.
  package func status(at now: Int64) -> Status {
    if revokedAt != nil { return .revoked }
    if let expiresAt, expiresAt <= now { return .expired }
    return .active
  }
}

/// A key's own limit, where it has one, instead of the server's.
package struct KeyRate: Sendable, Equatable {
  /// Requests; 0: as many as come; nil: what the server allows.
  package var perMinute: Int64?
  /// Requests at once; nil: what the server allows.
  package var burst: Int64?

  package init(perMinute: Int64? = nil, burst: Int64? = nil) {
    self.perMinute = perMinute
    self.burst = burst
  }
}

/// A key that is to be made.
package struct NewAPIKey: Sendable {
  package var account: String
  package var name: String
  package var prefix: String
  /// SHA-256 of the whole key, 32 bytes.
  package var hash: [UInt8]
  package var scopes: Scopes
  package var app: String?
  package var user: String?
  package var expiresAt: Int64?
  package var rate = KeyRate()

  package init(
    account: String, name: String, prefix: String, hash: [UInt8], scopes: Scopes, app: String? = nil,
    user: String? = nil, expiresAt: Int64? = nil
  ) {
    self.account = account
    self.name = name
    self.prefix = prefix
    self.hash = hash
    self.scopes = scopes
    self.app = app
    self.user = user
    self.expiresAt = expiresAt
  }
}

/// A key with what its account says of it: all that is needed to let somebody in.
package struct KeyHolder: Sendable, Equatable {
  package var key: APIKey
  /// 32 bytes.
  package var hash: [UInt8]
  package var role: Account.Role
  package var accountStatus: Account.Status

  /// Takes over what has changed of the key's account.
  package mutating func take(_ account: Account) { (role, accountStatus) = (account.role, account.status) }

  /// Whether it opens the door now.
  package func isGood(at now: Int64) -> Bool { accountStatus == .active && key.status(at: now) == .active }
}

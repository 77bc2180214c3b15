import Databases
import VerbatimModel

/// Which keys are listed.
package struct KeyFilter: Sendable {
  /// nil: those of all accounts.
  package var account: String?
  /// How the key begins.
  package var prefix: String?
  /// Whether revoked and expired ones are shown, too.
  package var includesDead = false

  package init(account: String? = nil, prefix: String? = nil, includesDead: Bool = false) {
    self.account = account
    self.prefix = prefix
    self.includesDead = includesDead
  }
}

/// What is to become of a key; what is nil stays.
package struct KeyChange: Sendable {
  package var name: String?
  /// `.some(nil)`: what the server allows.
  package var perMinute: Int64??
  package var burst: Int64??

  package init(name: String? = nil, perMinute: Int64?? = nil, burst: Int64?? = nil) {
    self.name = name
    self.perMinute = perMinute
    self.burst = burst
  }

  fileprivate func apply(to key: inout APIKey) {
    if let name { key.name = name }
    if let perMinute { key.rate.perMinute = perMinute }
    if let burst { key.rate.burst = burst }
  }
}

extension MainStore {
  /// Throws `StoreError.rejected` where there is no such account, or it may not have such a key.
  package func createKey(_ new: NewAPIKey) async throws -> APIKey {
    try await createKey(new, makesAccount: false).key
  }

  /// Makes the account, too, where there is none of that name: an administrator's if the key is one. `account`: the one
  /// that was made.
  package func createKeyWithAccount(_ new: NewAPIKey) async throws -> (key: APIKey, account: Account?) {
    try await createKey(new, makesAccount: true)
  }

  private func createKey(_ new: NewAPIKey, makesAccount: Bool) async throws -> (key: APIKey, account: Account?) {
    let now: Int64 = clock()
    let id: UUIDv7 = ids.next(count: 1, at: nil)
    return try await write { connection in
      let number: Int64 = try connection.moveAccessRevision(key: id)
      var made: Account?
      if makesAccount {
        let role: Account.Role = new.scopes.contains(.admin) ? .admin : .user
        let account = Account(name: new.account, role: role, createdAt: now, updatedAt: now)
        made = try connection.insert(account) ? account : nil
      }
      try connection.checkAccount(of: new)
      let key = APIKey(
        id: id, account: new.account, name: new.name, prefix: new.prefix, scopes: new.scopes, app: new.app,
        user: new.user, expiresAt: new.expiresAt, createdAt: now, tokenID: number, rate: new.rate)
      try connection.insert(key, hash: new.hash)
      return (key, made)
    }
  }

  package func key(_ id: UUIDv7) async throws -> APIKey? { try await read { try $0.key(id) } }

  /// At most `limit`, newest first, older than `last`.
  package func keys(_ filter: KeyFilter, before last: UUIDv7?, limit: Int) async throws -> [APIKey] {
    let now: Int64 = clock()
    var condition: SQL = "k.id < \(last ?? .behindAll)"
    if let account = filter.account { condition = "\(condition) AND k.account_id = \(account)" }
    if let prefix = filter.prefix { condition = "\(condition) AND k.prefix = \(prefix)" }
    if !filter.includesDead {
      condition = "\(condition) AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > \(now))"
    }
    let wanted: SQL = """
      SELECT \(unsafeSQL: KeyRow.columns)
      FROM verbatim_keys AS k
      WHERE \(condition)
      ORDER BY k.id DESC
      LIMIT \(limit)
      """
    return try await read { try $0.query(wanted, KeyRow.key) }
  }

  /// Whether anybody could be let in by a key.
  package func hasGoodKey() async throws -> Bool {
    let now: Int64 = clock()
    return try await read { connection in
      try connection.first(
        """
        SELECT 1
        FROM verbatim_keys AS k
        JOIN verbatim_accounts AS a ON a.name = k.account_id
        WHERE a.status = 'active' AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > \(now))
        LIMIT 1
        """
      ) { _ in true } ?? false
    }
  }

  /// Ends a key at once; nil where there is none. A key that was revoked before keeps its time.
  package func revokeKey(_ id: UUIDv7) async throws -> APIKey? {
    let now: Int64 = clock()
    return try await write { connection in
      try connection.moveAccessRevision(key: id)
      guard var key = try connection.key(id) else { return nil }
      guard key.revokedAt == nil else { return key }
      try connection.execute("UPDATE verbatim_keys SET revoked_at = \(now) WHERE id = \(id)")
      key.revokedAt = now
      return key
    }
  }

  /// Changes how a key is called and how much it may do; nil where there is none.
  package func changeKey(_ id: UUIDv7, _ change: KeyChange) async throws -> APIKey? {
    try await write { connection in
      try connection.moveAccessRevision(key: id)
      guard var key = try connection.key(id) else { return nil }
      change.apply(to: &key)
      try connection.execute(
        """
        UPDATE verbatim_keys
        SET name = \(key.name), rate_per_minute = \(key.rate.perMinute), rate_burst = \(key.rate.burst)
        WHERE id = \(id)
        """)
      return key
    }
  }

  /// Makes a key in the place of another, which stays good for `overlap`; nil where there is no such key. Throws
  /// `StoreError.rejected` for one that is not good any more.
  package func rotateKey(
    _ id: UUIDv7, prefix: String, hash: [UInt8], overlap: Duration
  ) async throws -> (old: APIKey, new: APIKey)? {
    let now: Int64 = clock()
    let newID: UUIDv7 = ids.next(count: 1, at: nil)
    return try await write { connection in
      let number: Int64 = try connection.moveAccessRevision(key: id)
      guard var old = try connection.key(id) else { return nil }
      guard old.status(at: now) == .active else {
        throw StoreError.rejected(field: "id", reason: "names a key that is \(old.status(at: now).rawValue)")
      }
      var new: APIKey = old
      (new.id, new.prefix, new.createdAt, new.lastUsedAt, new.rotatedFrom) = (newID, prefix, now, nil, id)
      new.tokenID = number
      try connection.insert(new, hash: hash)
      if overlap > .zero {
        let end: Int64 = now + overlap.wholeMilliseconds
        old.expiresAt = min(old.expiresAt ?? end, end)
      } else {
        old.revokedAt = now
      }
      try connection.execute(
        "UPDATE verbatim_keys SET expires_at = \(old.expiresAt), revoked_at = \(old.revokedAt) WHERE id = \(id)")
      return (old, new)
    }
  }

  /// The key of this hash, good or not.
  package func keyHolder(hash: [UInt8]) async throws -> KeyHolder? {
    try await read { try $0.keyHolder("k.hash = \(hash)") }
  }

  /// Notes when keys were last used, by id.
  package func noteUse(of keys: [UUIDv7: Int64]) async throws {
    let inOrder: [(id: UUIDv7, time: Int64)] = keys.map { (id: $0, time: $1) }.sorted { $0.id < $1.id }
    try await write { connection in
      for (id, time) in inOrder {
        try connection.execute(
          """
          UPDATE verbatim_keys
          SET last_used_at = \(time)
          WHERE id = \(id) AND (last_used_at IS NULL OR last_used_at < \(time))
          """)
      }
    }
  }
}

extension Connection {
  fileprivate func checkAccount(of key: NewAPIKey) throws {
    guard let account = try account(named: key.account) else {
      throw StoreError.rejected(
        field: "account_id", reason: "\(key.account) names no account; make_account (--make-account) makes it")
    }
    guard account.role == .admin || !key.scopes.contains(.admin) else {
      throw StoreError.rejected(
        field: "scopes",
        reason: "may hold admin only for an account whose role is admin, and that of \(key.account) is user; name "
          + "another account, with make_account (--make-account) where it is new, or change the role (verbatim "
          + "accounts set-role \(key.account) admin)")
    }
  }
}

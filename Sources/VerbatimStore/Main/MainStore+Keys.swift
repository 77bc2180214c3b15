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

extension MainStore {
  /// Throws `StoreError.rejected` where there is no such account, or it may not have such a key.
  package func createKey(_ new: NewAPIKey) async throws -> APIKey {
    let key = APIKey(
      id: ids.next(count: 1, at: nil), account: new.account, name: new.name, prefix: new.prefix, scopes: new.scopes,
      app: new.app, user: new.user, expiresAt: new.expiresAt, createdAt: clock())
    try await write { connection in
      guard let account = try connection.account(named: new.account) else {
        throw StoreError.rejected(field: "account_id", reason: "names no account")
      }
      guard account.role == .admin || !new.scopes.contains(.admin) else {
        throw StoreError.rejected(
          field: "scopes", reason: "may hold admin only for an account whose role is admin; set-role makes it one")
      }
      try connection.insert(key, hash: new.hash)
      try connection.moveAccessRevision()
    }
    return key
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
      guard var key = try connection.key(id) else { return nil }
      guard key.revokedAt == nil else { return key }
      try connection.execute("UPDATE verbatim_keys SET revoked_at = \(now) WHERE id = \(id)")
      try connection.moveAccessRevision()
      key.revokedAt = now
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
      guard var old = try connection.key(id) else { return nil }
      guard old.status(at: now) == .active else {
        throw StoreError.rejected(field: "id", reason: "names a key that is \(old.status(at: now).rawValue)")
      }
      var new: APIKey = old
      (new.id, new.prefix, new.createdAt, new.lastUsedAt, new.rotatedFrom) = (newID, prefix, now, nil, id)
      try connection.insert(new, hash: hash)
      if overlap > .zero {
        let end: Int64 = now + overlap.wholeMilliseconds
        old.expiresAt = min(old.expiresAt ?? end, end)
      } else {
        old.revokedAt = now
      }
      try connection.execute(
        "UPDATE verbatim_keys SET expires_at = \(old.expiresAt), revoked_at = \(old.revokedAt) WHERE id = \(id)")
      try connection.moveAccessRevision()
      return (old, new)
    }
  }

  /// The key of this hash, good or not.
  package func keyHolder(hash: [UInt8]) async throws -> KeyHolder? {
    try await read { connection in
      try connection.first(
        """
        SELECT \(unsafeSQL: KeyRow.columns), a.role, a.status, k.hash
        FROM verbatim_keys AS k
        JOIN verbatim_accounts AS a ON a.name = k.account_id
        WHERE k.hash = \(hash)
        """
      ) { row in
        KeyHolder(
          key: try KeyRow.key(row), hash: Array(row.bytes(14) ?? []), role: try AccountRow.role(row.text(12)),
          accountStatus: try AccountRow.status(row.text(13)))
      }
    }
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

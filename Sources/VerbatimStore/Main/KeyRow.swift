import Databases
import VerbatimModel

/// Keys as rows.
enum KeyRow {
  static let columns = """
    k.id, k.account_id, k.name, k.prefix, k.scopes, k.app_id, k.user_id, k.expires_at, k.created_at, k.last_used_at,
      k.revoked_at, k.rotated_from, k.token_id, k.rate_per_minute, k.rate_burst
    """

  /// Of `columns`.
  static let columnCount = 15

  static let insert = BulkInsert(
    into: "verbatim_keys",
    [
      .init("id", .id), .init("account_id", .text), .init("name", .text), .init("prefix", .text),
      .init("hash", .blob), .init("scopes", .text), .init("app_id", .text), .init("user_id", .text),
      .init("expires_at", .integer), .init("created_at", .integer), .init("rotated_from", .id),
      .init("token_id", .integer), .init("rate_per_minute", .integer), .init("rate_burst", .integer),
    ])

  static func key(_ row: Row) throws -> APIKey {
    let scopes: String = row.text(4)
    guard let known = Scopes(names: scopes.split(separator: ",")) else {
      throw StoreError.unusable("verbatim_keys.scopes holds \(scopes), which names no scopes")
    }
    return APIKey(
      id: try row.uuid(0), account: row.text(1), name: row.text(2), prefix: row.text(3), scopes: known,
      app: row.optionalText(5), user: row.optionalText(6), expiresAt: row.optionalInteger(7),
      createdAt: row.integer(8), lastUsedAt: row.optionalInteger(9), revokedAt: row.optionalInteger(10),
      rotatedFrom: row.isNull(11) ? nil : try row.uuid(11), tokenID: row.optionalInteger(12),
      rate: KeyRate(perMinute: row.optionalInteger(13), burst: row.optionalInteger(14)))
  }
}

extension Connection {
  func insert(_ key: APIKey, hash: [UInt8]) throws {
    try insert(KeyRow.insert, rows: 1) { _, binds in
      binds.id(key.id)
      binds.text(key.account)
      binds.text(key.name)
      binds.text(key.prefix)
      binds.blob(hash[...])
      binds.text(key.scopes.names.joined(separator: ","))
      binds.text(key.app)
      binds.text(key.user)
      binds.integer(key.expiresAt)
      binds.integer(key.createdAt)
      if let origin = key.rotatedFrom { binds.id(origin) } else { binds.null() }
      binds.integer(key.tokenID)
      binds.integer(key.rate.perMinute)
      binds.integer(key.rate.burst)
    }
  }

  func key(_ id: UUIDv7) throws -> APIKey? {
    try first("SELECT \(unsafeSQL: KeyRow.columns) FROM verbatim_keys AS k WHERE k.id = \(id)", KeyRow.key)
  }

  /// The one key of which `condition` holds, with what its account says of it.
  func keyHolder(_ condition: SQL) throws -> KeyHolder? {
    try first(
      """
      SELECT \(unsafeSQL: KeyRow.columns), a.role, a.status, k.hash
      FROM verbatim_keys AS k
      JOIN verbatim_accounts AS a ON a.name = k.account_id
      WHERE \(condition)
      """
    ) { row in
      KeyHolder(
        key: try KeyRow.key(row), hash: Array(row.bytes(KeyRow.columnCount + 2) ?? []),
        role: try AccountRow.role(row.text(KeyRow.columnCount)),
        accountStatus: try AccountRow.status(row.text(KeyRow.columnCount + 1)))
    }
  }
}

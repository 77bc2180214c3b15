import Databases
import VerbatimModel

extension MainStore {
  /// nil where there is one of this name already.
  package func createAccount(named name: String, role: Account.Role) async throws -> Account? {
    let now: Int64 = clock()
    let account = Account(name: name, role: role, createdAt: now, updatedAt: now)
    return try await write { connection in try connection.insert(account) ? account : nil }
  }

  package func account(named name: String) async throws -> Account? {
    try await read { try $0.account(named: name) }
  }

  /// At most `limit`, by name, behind `last`.
  package func accounts(after last: String?, limit: Int) async throws -> [Account] {
    try await read { connection in
      try connection.query(
        """
        SELECT \(unsafeSQL: AccountRow.columns)
        FROM verbatim_accounts
        WHERE name > \(last ?? "")
        ORDER BY name
        LIMIT \(limit)
        """, AccountRow.account)
    }
  }

  /// Changes what is not nil; nil where there is no such account.
  package func changeAccount(
    named name: String, role: Account.Role? = nil, status: Account.Status? = nil
  ) async throws -> Account? {
    let now: Int64 = clock()
    return try await write { connection in
      try connection.moveAccessRevision(account: name)
      guard var account = try connection.account(named: name) else { return nil }
      account.role = role ?? account.role
      account.status = status ?? account.status
      account.updatedAt = now
      try connection.execute(
        """
        UPDATE verbatim_accounts
        SET role = \(account.role.rawValue), status = \(account.status.rawValue), updated_at = \(now)
        WHERE name = \(name)
        """)
      return account
    }
  }
}

extension Connection {
  func account(named name: String) throws -> Account? {
    try first(
      "SELECT \(unsafeSQL: AccountRow.columns) FROM verbatim_accounts WHERE name = \(name)", AccountRow.account)
  }

  /// Answers whether it was not there. Throws `StoreError.rejected` for a name that means something else.
  func insert(_ account: Account) throws -> Bool {
    guard account.name != AuditEntry.everyAccount, !account.name.isEmpty else {
      throw StoreError.rejected(
        field: "an account's name", reason: "must be a text other than *, which stands for all accounts")
    }
    guard try self.account(named: account.name) == nil else { return false }
    let rows: Int = try insert(AccountRow.insert, rows: 1) { _, binds in
      binds.text(account.name)
      binds.text(account.role.rawValue)
      binds.text(account.status.rawValue)
      binds.integer(account.createdAt)
      binds.integer(account.updatedAt)
    }
    return rows > 0
  }
}

/// Accounts as rows.
enum AccountRow {
  static let columns = "name, role, status, created_at, updated_at"

  static let insert = BulkInsert(
    into: "verbatim_accounts",
    [
      .init("name", .text), .init("role", .text), .init("status", .text), .init("created_at", .integer),
      .init("updated_at", .integer),
    ], onConflict: .keep(key: ["name"]))

  static func account(_ row: Row) throws -> Account {
    Account(
      name: row.text(0), role: try role(row.text(1)), status: try status(row.text(2)), createdAt: row.integer(3),
      updatedAt: row.integer(4))
  }

  static func role(_ text: String) throws -> Account.Role {
    guard let role = Account.Role(rawValue: text) else {
      throw StoreError.unusable("verbatim_accounts.role holds \(text), which is no role")
    }
    return role
  }

  static func status(_ text: String) throws -> Account.Status {
    guard let status = Account.Status(rawValue: text) else {
      throw StoreError.unusable("verbatim_accounts.status holds \(text), which is no status")
    }
    return status
  }
}

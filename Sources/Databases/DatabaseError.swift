/// What went wrong in a database, by what a caller can do about it.
package struct DatabaseError: Error, Sendable {
  package enum Kind: Sendable, Equatable {
    /// Try again later: locked, connection lost, I/O error, server restarting.
    case unavailable
    /// Lost against another transaction (deadlock, serialization, a lock waited for too long): nothing of it is stored,
    /// and the whole transaction is to be tried again.
    case conflict
    /// No room: disk or quota is full. Try again when there is.
    case full
    /// The file or the server takes no writes.
    case readOnly
    /// The statement broke a constraint: unique, not null, check, size.
    case constraint
    /// Not a database, or a damaged one. Stop and restore.
    case corrupt
    /// The caller's task was cancelled.
    case cancelled
    /// The statement names a table that is not there.
    case missingTable
    /// Everything else: a mistake in our SQL.
    case statement
  }

  package var kind: Kind
  /// The engine's own code (SQLite: the extended result code); the operating system's where no engine was asked.
  package var code: Int32
  /// The engine's own message; never holds bound values.
  package var message: String
  package var sql: String?

  package init(kind: Kind, code: Int32, message: String, sql: String? = nil) {
    self.kind = kind
    self.code = code
    self.message = message
    self.sql = sql
  }
}

extension DatabaseError {
  static let cancelled = DatabaseError(kind: .cancelled, code: 0, message: "the task was cancelled")
  static let closed = DatabaseError(kind: .unavailable, code: 0, message: "the database is closed")

  /// A mistake of ours in using this module.
  static func misuse(_ message: String, sql: String? = nil) -> DatabaseError {
    DatabaseError(kind: .statement, code: 0, message: message, sql: sql)
  }
}

extension DatabaseError {
  /// PostgreSQL's wrong password and refused user; MySQL's refused database, password and user.
  private static let refusals: Set<Int32?> = [postgresCode("28P01"), postgresCode("28000"), 1044, 1045, 1698]

  /// A server does not take this user or this password. While it runs that may pass, as when a password is changed; at
  /// the start it is a mistake in the settings.
  package var isRefusedLogin: Bool { kind != .cancelled && Self.refusals.contains(code) }
}

extension DatabaseError: CustomStringConvertible {
  package var description: String {
    let statement = sql.map { " in: \(Self.excerpt(of: $0))" } ?? ""
    return "\(message) (\(kind), \(code))\(statement)"
  }

  private static let excerptLength = 2_000

  /// What of a statement goes into a line of the log: definitions and rows of many values are long.
  package static func excerpt(of sql: String) -> String {
    sql.count <= excerptLength ? sql : sql.prefix(excerptLength) + "…"
  }
}

import CSQLite
import Glibc

extension DatabaseError {
  /// What SQLite says at this moment about its last call; the next call on the connection overwrites it.
  static func sqlite(_ code: Int32, _ database: OpaquePointer?, sql: String? = nil) -> DatabaseError {
    let systemCode = database.map { sqlite3_system_errno($0) } ?? 0
    let message = sqliteMessage(code, database)
    // SQLite has no code of its own for it.
    let isTableMissing = code == SQLITE_ERROR && message.hasPrefix("no such table")
    let kind = isTableMissing ? .missingTable : sqliteKind(code, systemCode: systemCode)
    return DatabaseError(kind: kind, code: code, message: message, sql: sql)
  }

  /// Result codes: https://www.sqlite.org/rescode.html
  static func sqliteKind(_ code: Int32, systemCode: Int32) -> Kind {
    let isFull = systemCode == ENOSPC || systemCode == EDQUOT
    switch code & 0xff {
    case SQLITE_FULL: return .full
    case SQLITE_IOERR where code == ioErrorInFileSystem: return .corrupt
    case SQLITE_IOERR, SQLITE_CANTOPEN: return isFull ? .full : .unavailable
    case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL, SQLITE_NOMEM, SQLITE_NOLFS: return .unavailable
    case SQLITE_READONLY: return .readOnly
    case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH: return .constraint
    case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt
    case SQLITE_INTERRUPT: return .cancelled
    default: return .statement
    }
  }

  /// SQLITE_IOERR_CORRUPTFS, a macro that Swift does not see.
  private static let ioErrorInFileSystem = SQLITE_IOERR | (33 << 8)

  /// The connection's message where it is about this code; bind errors, for instance, leave it alone.
  private static func sqliteMessage(_ code: Int32, _ database: OpaquePointer?) -> String {
    if let database, sqlite3_extended_errcode(database) == code || sqlite3_errcode(database) == code,
      let message = sqlite3_errmsg(database)
    {
      return String(cString: message)
    }
    return sqlite3_errstr(code).map { String(cString: $0) } ?? "SQLite error \(code)"
  }
}

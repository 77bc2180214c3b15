import CMariaDB

extension DatabaseError {
  /// An error of the server or of its client library.
  static func mySQL(_ code: UInt32, _ message: String, sql: String? = nil) -> DatabaseError {
    let number = Int32(clamping: code)
    return DatabaseError(kind: mySQLKind(number), code: number, message: withoutValues(message, number), sql: sql)
  }

  /// Names the server first, and what to look at: these errors end in front of an operator.
  func about(_ address: MySQLAddress) -> DatabaseError {
    var error = self
    error.message = "\(address): \(message)" + (Self.advice(code).map { "; \($0)" } ?? "")
    return error
  }

  /// Error numbers: https://mariadb.com/kb/en/mariadb-error-codes/ and MySQL's Server Error Message Reference. Those
  /// that only MySQL has stand as numbers.
  static func mySQLKind(_ code: Int32) -> Kind {
    if losesMySQLConnection(code) { return .unavailable }
    return switch code {
    case ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD, ER_TABLE_DEF_CHANGED, ER_NEED_REPREPARE: .conflict
    case ER_DISK_FULL, ER_RECORD_FILE_FULL: .full
    case ER_OPTION_PREVENTS_STATEMENT, ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, ER_OPEN_AS_READONLY,
      ER_READ_ONLY_MODE:
      .readOnly
    case ER_NOT_KEYFILE, ER_CRASHED_ON_USAGE, ER_CRASHED_ON_REPAIR, ER_INDEX_CORRUPT, ER_TABLE_CORRUPT: .corrupt
    case ER_CON_COUNT_ERROR, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED, ER_HOST_IS_BLOCKED, ER_OUTOFMEMORY,
      ER_OUT_OF_RESOURCES, ER_CANT_CREATE_THREAD, ER_MAX_PREPARED_STMT_COUNT_REACHED, ER_TOO_MANY_CONCURRENT_TRXS,
      ER_UNKNOWN_COM_ERROR, ER_LOCK_TABLE_FULL, ER_ERROR_DURING_COMMIT, ER_QUERY_INTERRUPTED, ER_STATEMENT_TIMEOUT,
      ER_GET_ERRNO, ER_ERROR_ON_READ, ER_ERROR_ON_WRITE, 3024, CR_OUT_OF_MEMORY:
      .unavailable
    case ER_DUP_ENTRY, ER_DUP_KEY, ER_DUP_UNIQUE, ER_DUP_ENTRY_WITH_KEY_NAME, ER_BAD_NULL_ERROR, ER_DATA_TOO_LONG,
      ER_WARN_DATA_OUT_OF_RANGE, ER_DATA_OUT_OF_RANGE, ER_TRUNCATED_WRONG_VALUE, ER_TRUNCATED_WRONG_VALUE_FOR_FIELD,
      ER_ILLEGAL_VALUE_FOR_TYPE, ER_WRONG_VALUE_FOR_TYPE, ER_INVALID_CHARACTER_STRING, WARN_DATA_TRUNCATED,
      ER_NO_DEFAULT_FOR_FIELD, ER_NO_REFERENCED_ROW, ER_ROW_IS_REFERENCED, ER_NO_REFERENCED_ROW_2,
      ER_ROW_IS_REFERENCED_2, ER_TOO_BIG_ROWSIZE, ER_CONSTRAINT_FAILED, ER_NET_PACKET_TOO_LARGE,
      ER_WARN_ALLOWED_PACKET_OVERFLOWED, CR_NET_PACKET_TOO_LARGE, 3819:
      .constraint
    case ER_NO_SUCH_TABLE: .missingTable
    default: .statement
    }
  }

  /// Whether the connection is gone, or in a state that nobody knows.
  static func losesMySQLConnection(_ code: Int32) -> Bool {
    switch code {
    case CR_SOCKET_CREATE_ERROR...CR_SERVER_GONE_ERROR, CR_SERVER_HANDSHAKE_ERR...CR_COMMANDS_OUT_OF_SYNC,
      CR_SSL_CONNECTION_ERROR, CR_MALFORMED_PACKET, CR_SERVER_LOST_EXTENDED, CR_STMT_CLOSED:
      true
    case ER_HANDSHAKE_ERROR, ER_SERVER_SHUTDOWN, ER_NORMAL_SHUTDOWN, ER_SHUTDOWN_COMPLETE, ER_FORCING_CLOSE,
      ER_ABORTING_CONNECTION,
      ER_NET_READ_ERROR_FROM_PIPE...ER_NET_WRITE_INTERRUPTED, ER_NEW_ABORTING_CONNECTION, ER_UNKNOWN_STMT_HANDLER,
      ER_CONNECTION_KILLED, 4031:
      true
    default: false
    }
  }

  private static func advice(_ code: Int32) -> String? {
    switch code {
    case CR_CONNECTION_ERROR, CR_CONN_HOST_ERROR, CR_UNKNOWN_HOST, CR_SERVER_LOST:
      "check that the server runs and takes connections there"
    case ER_ACCESS_DENIED_ERROR: "check user and password"
    case ER_DBACCESS_DENIED_ERROR: "the user needs rights on the database: GRANT ALL ON …"
    case CR_SSL_CONNECTION_ERROR: "check the TLS mode and its certificates"
    case CR_AUTH_PLUGIN_CANNOT_LOAD: "the user signs in by a plugin that the client library does not have"
    default: nil
    }
  }

  /// Messages that quote the value at fault lose it: values are people's conversations.
  private static func withoutValues(_ message: String, _ code: Int32) -> String {
    switch code {
    case ER_DUP_ENTRY, ER_DUP_UNIQUE, ER_DUP_ENTRY_WITH_KEY_NAME:
      "Duplicate entry" + tail(of: message, from: " for key ")
    case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, ER_TRUNCATED_WRONG_VALUE, ER_ILLEGAL_VALUE_FOR_TYPE,
      ER_WRONG_VALUE_FOR_TYPE, ER_WRONG_VALUE, ER_INVALID_CHARACTER_STRING, ER_DATA_OUT_OF_RANGE:
      head(of: message) + tail(of: message, from: " for column ")
    default: message
    }
  }

  /// What comes before the first quotation.
  private static func head(of message: String) -> String {
    var head = message.prefix { $0 != "'" }
    while let last = head.last, " :(".contains(last) { head.removeLast() }
    return String(head)
  }

  /// From the last such words on, for a value before them may hold them, too; empty where there are none.
  private static func tail(of message: String, from words: String) -> String {
    message.ranges(of: words).last.map { String(message[$0.lowerBound...]) } ?? ""
  }
}

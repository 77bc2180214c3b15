import Databases

extension PostgreSQLSchema {
  static func dayTables(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_day_tables (
      day           BIGINT NOT NULL PRIMARY KEY,
      single_rows   BIGINT NOT NULL,
      message_table BIGINT NOT NULL,
      error_table   BIGINT NOT NULL,
      leftovers     BIGINT NOT NULL
    )
    """
  }

  static func historyTable(named name: String, hasFailures: Bool, _ dialect: Dialect) -> String {
    let failureColumns = ",\n  error_code          \(text),\n  error_message       \(text)"
    return """
      CREATE TABLE IF NOT EXISTS \(name) (
      \(exchangeColumns)\(hasFailures ? failureColumns : ""),
        batch               BIGINT
      );
      CREATE INDEX IF NOT EXISTS \(name)_conversation ON \(name) (account_id, conversation_id, id);
      """
  }

  static let historyTables: SQL = """
    SELECT CAST(tablename AS text)
    FROM pg_tables
    WHERE schemaname = current_schema()
      AND (tablename LIKE 'conversation\\_histories\\_%' OR tablename LIKE 'error\\_conversation\\_histories\\_%')
    """

  /// The lock ends with the transaction; the session's `lock_timeout` bounds the wait for it.
  static func makingDayTables<Result>(
    on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    try connection.transaction {
      _ = try connection.first("SELECT pg_advisory_xact_lock(\(lockNumber + 1))") { _ in true }
      return try body()
    }
  }

  /// The locks end with the transaction.
  static func lockingTables<Result>(
    _ tables: [String], reading other: String, on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    try connection.executeScript("LOCK TABLE \(tables.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE")
    return try body()
  }
}

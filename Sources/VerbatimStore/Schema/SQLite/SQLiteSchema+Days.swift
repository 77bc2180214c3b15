import Databases

extension SQLiteSchema {
  static func dayTables(_ dialect: Dialect) -> String {
    """
    CREATE TABLE verbatim_day_tables (
      day           INTEGER NOT NULL PRIMARY KEY,
      single_rows   INTEGER NOT NULL,
      message_table INTEGER NOT NULL,
      error_table   INTEGER NOT NULL,
      leftovers     INTEGER NOT NULL
    )
    """
  }

  static func historyTable(named name: String, hasFailures: Bool, _ dialect: Dialect) -> String {
    let failureColumns = ",\n  error_code          TEXT,\n  error_message       TEXT"
    return """
      CREATE TABLE IF NOT EXISTS \(name) (
      \(exchangeColumns)\(hasFailures ? failureColumns : ""),
        batch               INTEGER
      );
      CREATE INDEX IF NOT EXISTS \(name)_conversation ON \(name) (account_id, conversation_id, id);
      """
  }

  /// The character after `_` is a grave accent.
  static let historyTables: SQL = """
    SELECT name
    FROM sqlite_master
    WHERE type = 'table'
      AND (name > 'conversation_histories_' AND name < 'conversation_histories`'
        OR name > 'error_conversation_histories_' AND name < 'error_conversation_histories`')
    """

  static func makingDayTables<Result>(
    on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    try connection.transaction(body)
  }

  /// The transaction has locked them all.
  static func lockingTables<Result>(
    _ tables: [String], reading other: String, on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    try body()
  }
}

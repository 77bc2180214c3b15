import Databases

extension MySQLSchema {
  /// Seconds.
  private static let dayTablePatience = 5
  private static let dayTableLock = "concat('verbatim_days_', sha1(database()))"

  static func dayTables(_ dialect: Dialect) -> String {
    """
    CREATE TABLE IF NOT EXISTS verbatim_day_tables (
      day           BIGINT NOT NULL PRIMARY KEY,
      single_rows   BIGINT NOT NULL,
      message_table BIGINT NOT NULL,
      error_table   BIGINT NOT NULL,
      leftovers     BIGINT NOT NULL
    ) \(options(dialect))
    """
  }

  static func historyTable(named name: String, hasFailures: Bool, _ dialect: Dialect) -> String {
    let failureColumns = "\n  error_code          VARCHAR(255),\n  error_message       LONGTEXT,"
    return """
      CREATE TABLE IF NOT EXISTS \(name) (
      \(exchangeColumns),\(hasFailures ? failureColumns : "")
        batch               BIGINT,
        INDEX \(name)_conversation (account_id, conversation_id, id)
      ) \(options(dialect))
      """
  }

  static let historyTables: SQL = """
    SELECT table_name
    FROM information_schema.tables
    WHERE table_schema = database()
      AND (substr(table_name, 1, 23) = 'conversation_histories_'
        OR substr(table_name, 1, 29) = 'error_conversation_histories_')
    """

  /// The lock is the session's, for it must outlast the commits of definitions.
  static func makingDayTables<Result>(
    on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    let isHeld: Int64? = try connection.first(
      "SELECT get_lock(\(unsafeSQL: dayTableLock), \(unsafeSQL: "\(dayTablePatience)"))"
    ) { $0.integer(0) }
    guard isHeld == 1 else {
      throw DatabaseError(kind: .conflict, code: 0, message: "another verbatim is making tables of days")
    }
    do {
      let result: Result = try body()
      try connection.execute("DO release_lock(\(unsafeSQL: dayTableLock))")
      return result
    } catch {
      // The first failure is what there is to tell; a session that is lost has lost the lock, too.
      _ = try? connection.execute("DO release_lock(\(unsafeSQL: dayTableLock))")
      throw error
    }
  }

  /// The locks are the session's, as definitions would end a transaction.
  static func lockingTables<Result>(
    _ tables: [String], reading other: String, on connection: isolated Connection, _ body: () throws -> Result
  ) throws -> Result {
    let locks: [String] = tables.map { "\($0) WRITE" } + ["\(other) READ"]
    try connection.executeScript("LOCK TABLES \(locks.joined(separator: ", "))")
    do {
      let result: Result = try body()
      try connection.executeScript("UNLOCK TABLES")
      return result
    } catch {
      // As above: the first failure is what there is to tell.
      _ = try? connection.executeScript("UNLOCK TABLES")
      throw error
    }
  }
}

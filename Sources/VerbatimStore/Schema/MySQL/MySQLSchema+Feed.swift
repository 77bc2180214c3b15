import Databases

extension MySQLSchema {
  static func feed(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE IF NOT EXISTS verbatim_batches (
        seq          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        committed_at BIGINT NOT NULL,
        exchanges    LONGBLOB NOT NULL
      ) \(options(dialect))
      """
    ]
  }

  static let batchNumbering: SQL? = nil

  /// A second is the least that can be said.
  static func hastily<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result {
    let patience: Int64? = try connection.first("SELECT @@SESSION.innodb_lock_wait_timeout") { $0.integer(0) }
    try connection.execute("SET SESSION innodb_lock_wait_timeout = 1")
    let outcome = Swift.Result { try connection.transaction(body) }
    try connection.execute("SET SESSION innodb_lock_wait_timeout = \(patience ?? 10)")
    return try outcome.get()
  }
}

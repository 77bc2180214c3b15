import Databases

extension SQLiteSchema {
  /// Without AUTOINCREMENT, which would write to a table of its own in every batch: numbers go on behind the greatest,
  /// so the newest entry is never deleted.
  static func feed(_ dialect: Dialect) -> [String] {
    [
      """
      CREATE TABLE verbatim_batches (
        seq          INTEGER NOT NULL PRIMARY KEY,
        committed_at INTEGER NOT NULL,
        exchanges    BLOB NOT NULL
      )
      """
    ]
  }

  static let batchNumbering: SQL? = nil

  /// Nobody else writes.
  static func hastily<Result>(on connection: isolated Connection, _ body: () throws -> Result) throws -> Result {
    try connection.transaction(body)
  }
}

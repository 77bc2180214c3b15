/// Which database, and how to reach it.
package enum Engine: Sendable, Equatable {
  case sqlite(SQLiteFile)
  case postgres(PostgresAddress)
  case mysql(MySQLAddress)
}

/// An SQLite database and how its connections use it.
package struct SQLiteFile: Sendable, Equatable {
  /// Its folder must exist.
  package var path: String
  /// Page cache of the writing connection, bytes.
  package var writerCacheSize: Int = 32 << 20
  /// Page cache of each reading connection, bytes.
  package var readerCacheSize: Int = 2 << 20
  /// How long a statement waits for a lock that another process holds.
  package var busyTimeout: Duration = .seconds(5)
  /// Pages in the log from which on `checkpointIfNeeded` writes them back. More pages mean fewer but longer stalls.
  package var checkpointPages: Int = 2000

  package init(path: String) { self.path = path }
}

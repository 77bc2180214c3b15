/// Which database, and how to reach it.
package enum Engine: Sendable, Equatable {
  case sqlite(SQLiteFile)
  case postgres(PostgresAddress)
  case mysql(MySQLAddress)
}

extension Engine {
  /// nil for a server.
  package var file: SQLiteFile? { if case .sqlite(let file) = self { file } else { nil } }

  /// Whether both name one database: the file that all links lead to, or the same address.
  package func isSameDatabase(as other: Engine) -> Bool {
    guard let file, let otherFile = other.file else { return self == other }
    do {
      return try Files.resolved(file.path) == Files.resolved(otherFile.path)
    } catch {
      return file.path == otherFile.path
    }
  }

  package func isOfSameKind(as other: Engine) -> Bool {
    switch (self, other) {
    case (.sqlite, .sqlite), (.postgres, .postgres), (.mysql, .mysql): true
    default: false
    }
  }
}

extension Engine {
  /// What failed there, in a line that names it once: what fails while connecting names it already.
  package func line(about error: DatabaseError) -> String {
    error.message.contains(description) ? error.message : "\(self): \(error.message)"
  }
}

extension Engine: CustomStringConvertible {
  /// The path or the address without its password.
  package var description: String {
    switch self {
    case .sqlite(let file): file.path
    case .postgres(let address): "\(address)"
    case .mysql(let address): "\(address)"
    }
  }
}

/// An SQLite database and how its connections use it.
package struct SQLiteFile: Sendable, Equatable {
  /// Its folder must exist.
  package var path: String
  /// Page cache of the writing connection, bytes.
  package var writerCacheSize: Int = 20 << 20
  /// Page cache of each reading connection, bytes.
  package var readerCacheSize: Int = 8 << 20
  /// How long a statement waits for a lock that another process holds.
  package var busyTimeout: Duration = .seconds(5)
  /// Pages in the log from which on `checkpointIfNeeded` writes them back. Measured: fewer cost throughput, since hot
  /// pages are written back more often; more cost p99.
  package var checkpointPages: Int = 4_000

  package init(path: String) { self.path = path }
}

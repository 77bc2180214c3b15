/// A database: one writing connection and a pool of reading ones.
package final class Database: Sendable {
  package struct Configuration: Sendable {
    /// Where the SQLite file is; its folder must exist.
    package var path: String
    /// The most reading connections that are open at once; they are opened when first needed.
    package var maximumReaders: Int = 4
    /// Page cache of the writing connection, bytes.
    package var writerCacheSize: Int = 32 << 20
    /// Statements that take at least this long are reported.
    package var slowQueryThreshold: Duration = .milliseconds(500)
    /// Hears of slow statements: text without values, time taken.
    package var onSlowQuery: (@Sendable (String, Duration) -> Void)?
    /// False: the file is opened for reading only and must exist.
    package var isWritable: Bool = true

    package init(path: String) { self.path = path }
  }

  package static func open(_ configuration: Configuration) async throws -> Database { fatalError("skeleton") }

  /// The connection that alone writes and checkpoints.
  package var writer: Connection { fatalError("skeleton") }

  /// Runs `body` on a reading connection; waits for one when all are busy.
  package func read<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result { fatalError("skeleton") }

  /// Copies the database as it is at this moment to `path` while writers go on (SQLite's online backup).
  package func backup(to path: String, progress: @Sendable (_ done: Int, _ total: Int) -> Void) async throws {
    fatalError("skeleton")
  }

  /// Waits for what is running, checkpoints, closes.
  package func close() async { fatalError("skeleton") }
}

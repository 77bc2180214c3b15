import Synchronization

/// A database: one writing connection and a pool of reading ones.
///
/// What `writer.transaction` has committed is on disk and survives a crash of the machine. Readers see whole
/// transactions only and never wait for the writer. One process writes to a file at a time: opening it for writing
/// takes the lock beside it (`WriteLock`), for `Configuration.purpose`.
package final class Database: Sendable {
  package struct Configuration: Sendable {
    /// Where the SQLite file is; its folder must exist.
    package var path: String
    /// The most reading connections that are open at once; they are opened when first needed.
    package var maximumReaders: Int = 4
    /// Page cache of the writing connection, bytes.
    package var writerCacheSize: Int = 32 << 20
    /// Page cache of each reading connection, bytes.
    package var readerCacheSize: Int = 2 << 20
    /// How long a statement waits for a lock that another process holds.
    package var busyTimeout: Duration = .seconds(5)
    /// Pages in the log from which on `checkpointIfNeeded` writes them back. More pages mean fewer but longer stalls.
    package var checkpointPages: Int = 2000
    /// Statements that take at least this long are reported.
    package var slowQueryThreshold: Duration = .milliseconds(500)
    /// Hears of slow statements: text without values, time taken. Called on the connection's thread.
    package var onSlowQuery: (@Sendable (String, Duration) -> Void)?
    /// Why it is opened for writing: told to others who want to.
    package var purpose: String = "another program"
    /// False: the file is opened for reading only and must exist.
    package var isWritable: Bool = true

    package init(path: String) { self.path = path }
  }

  /// The connection that alone writes and checkpoints.
  package let writer: Connection
  private let readers: Pool<Connection>
  private let configuration: Configuration
  private let lock: Mutex<WriteLock?>

  /// Throws `WriteLock.Holder` when somebody else writes to the file.
  package static func open(_ configuration: Configuration) async throws -> Database {
    let lock =
      try configuration.isWritable
      ? WriteLock(database: configuration.path, purpose: configuration.purpose) : nil
    return try await open(configuration, holding: lock)
  }

  /// `lock` is held by this database, too, until it is closed.
  static func open(_ configuration: Configuration, holding lock: WriteLock?) async throws -> Database {
    let database = try Database(configuration, lock)
    try await database.writer.run { try $0.ensureConnected() }
    return database
  }

  private init(_ configuration: Configuration, _ lock: WriteLock?) throws {
    self.configuration = configuration
    self.lock = Mutex(lock)
    writer = try configuration.connection(isWriter: configuration.isWritable)
    readers = Pool(PoolLimits(capacity: configuration.maximumReaders)) {
      try configuration.connection(isWriter: false)
    }
  }

  /// Tells those who want to write to the file, too, where to go instead.
  package func announce(url: String) throws(DatabaseError) {
    try lock.withLock { lock throws(DatabaseError) in try lock?.announce(url: url) }
  }

  /// Runs `body` on a reading connection; waits for one when all are busy. Cancelling interrupts it, or gives up the
  /// place in the line.
  package func read<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let reader = try await readers.acquire()
    defer { readers.release(reader) }
    return try await reader.resource.run(body)
  }

  /// Copies the database as it is at this moment to a new file while writers go on (SQLite's online backup). The log
  /// of the database grows until the copy is done. On failure or cancellation nothing is left at `path`.
  package func backup(to path: String, progress: @Sendable (_ done: Int, _ total: Int) -> Void) async throws {
    try await withSeparateReader { try $0.backup(to: path, progress: progress) }
  }

  /// What is wrong with the file's structure, a sentence each; reads all of it.
  package func integrityCheck() async throws -> [String] {
    try await withSeparateReader { try $0.integrityProblems() }
  }

  /// Waits for what is running, checkpoints, closes. What comes later fails as unavailable.
  package func close() async {
    for reader in await readers.close() { await reader.close() }
    await writer.closeAfterCheckpoint()
    lock.withLock { $0 = nil }
  }

  /// For work that lasts: pool readers stay free for requests.
  private func withSeparateReader<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let reader = try configuration.connection(isWriter: false)
    do {
      let result = try await reader.run(body)
      await reader.close()
      return result
    } catch {
      await reader.close()
      throw error
    }
  }
}

extension Database.Configuration {
  fileprivate func connection(isWriter: Bool) throws(DatabaseError) -> Connection {
    let settings = SQLiteDriver.Settings(
      path: path, isWriter: isWriter, cacheSize: isWriter ? writerCacheSize : readerCacheSize,
      cachedStatements: isWriter ? 64 : 32, busyTimeout: busyTimeout, checkpointPages: checkpointPages)
    let slowQueries = onSlowQuery.map { SlowQueries(threshold: slowQueryThreshold, report: $0) }
    return try Connection(slowQueries: slowQueries) { interruption throws(DatabaseError) in
      try SQLiteDriver(settings, interruption: interruption)
    }
  }
}

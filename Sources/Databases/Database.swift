import Synchronization

/// A database: writing connections and a pool of reading ones.
///
/// What a writer's `transaction` has committed is on disk and survives a crash of the machine. Readers see whole
/// transactions only and never wait for writers. One process writes to a file at a time: opening it for writing takes
/// the lock beside it (`WriteLock`), for `Configuration.purpose`. A server's database is shared by many.
package final class Database: Sendable {
  package struct Configuration: Sendable {
    package var engine: Engine
    /// Connections that write. A file takes one; whatever more is said counts for servers only.
    package var writerCount: Int = 2
    /// The most reading connections that are open at once; they are opened when first needed.
    package var maximumReaders: Int = 4
    /// The most reading connections that are kept while nobody reads.
    package var maximumIdleReaders: Int = .max
    /// How old a connection may become: it is replaced between two uses. nil: as old as it likes.
    package var lifetime: Duration?
    /// How long `read` waits for a connection.
    package var readPatience: Duration = .seconds(30)
    /// How long a read may take while the server is said to hang (`Database.isHanging`).
    package var answerPatience: Duration = .seconds(10)
    /// How many may wait in `read` at once.
    package var maximumWaitingReads: Int = 10_000
    /// Statements that take at least this long are reported.
    package var slowQueryThreshold: Duration = .milliseconds(500)
    /// Hears of slow statements: text without values, time taken. Called on the connection's thread.
    package var onSlowQuery: (@Sendable (String, Duration) -> Void)?
    /// Why a file is opened for writing: told to others who want to.
    package var purpose: String = "another program"
    /// False: opened for reading only; a file must exist.
    package var isWritable: Bool = true
    /// Whether a server's database that is not there is made, where that is permitted.
    package var isMadeWhenMissing: Bool = false

    package init(_ engine: Engine) { self.engine = engine }

    package init(path: String) { self.init(.sqlite(SQLiteFile(path: path))) }
  }

  /// The connections that write; one alone for a file, which it checkpoints, too.
  package let writers: [Connection]
  private let readers: Pool<Connection>
  private let configuration: Configuration
  private let lock: Mutex<WriteLock?>
  /// Who finds that the server hangs.
  private let complaints = Atomic<Int>(0)

  /// The first of the writers.
  package var writer: Connection { writers[0] }

  /// Throws `WriteLock.Holder` when somebody else writes to the file.
  package static func open(_ configuration: Configuration) async throws -> Database {
    guard configuration.isWritable else { return try await open(configuration, holding: nil) }
    guard case .sqlite(let file) = configuration.engine else {
      do {
        return try await open(configuration, holding: nil)
      } catch let error as DatabaseError {
        guard configuration.isMadeWhenMissing, let creation = DatabaseCreation(of: configuration.engine, after: error)
        else { throw error }
        try await creation.run()
        return try await open(configuration, holding: nil)
      }
    }
    let lock = try WriteLock(database: file.path, purpose: configuration.purpose)
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
    writers = try (0..<configuration.engine.writerCount(atMost: configuration.writerCount)).map { _ in
      try configuration.connection(isWriter: configuration.isWritable)
    }
    readers = Pool(configuration.readerLimits) {
      try configuration.connection(isWriter: false)
    } discard: { reader in
      // On its own thread, after what it runs.
      Task.detached { await reader.close() }
    }
  }

  /// Tells those who want to write to the file, too, where to go instead, and what to show there.
  package func announce(url: String, token: String? = nil) throws(DatabaseError) {
    try lock.withLock { lock throws(DatabaseError) in try lock?.announce(url: url, token: token) }
  }

  /// What the engine is like; connects when that was not done yet.
  package func dialect() async throws -> Dialect { try await writer.run { try $0.dialect() } }

  /// Runs `body` on a reading connection; waits for one when all are busy. Cancelling interrupts it, or gives up the
  /// place in the line.
  ///
  /// No task waits in between: a connection that is given back goes on with the next body on its own thread.
  package func read<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    guard isHanging else { return try await readHoweverLong(body) }
    return try await Patience(configuration.answerPatience).result { try await self.readHoweverLong(body) }
  }

  private func readHoweverLong<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let call = ConnectionCall()
    let number = readers.drawNumber()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        readers.lend(number) { loan in
          self.run(body, as: call, on: loan) { continuation.resume(with: $0) }
        }
        // A cancellation before the place was taken has found nobody to turn away.
        if Task.isCancelled { readers.giveUp(number) }
      }
    } onCancel: {
      call.cancel()
      readers.giveUp(number)
    }
  }

  private func run<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result, as call: ConnectionCall,
    on loan: Swift.Result<Loan<Connection>, any Error>,
    finish: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
  ) {
    switch loan {
    case .failure(let error): finish(.failure(error))
    case .success(let loan):
      loan.resource.call(call, body) { result in
        self.readers.release(loan)
        finish(result)
      }
    }
  }

  /// Whether somebody finds that the server hangs: reads that begin meanwhile end unavailable after
  /// `Configuration.answerPatience`.
  package var isHanging: Bool { complaints.load(ordering: .relaxed) > 0 }

  /// To be called once with true by who finds that the server hangs, and once with false when that is over.
  package func complain(_ isHanging: Bool) {
    complaints.wrappingAdd(isHanging ? 1 : -1, ordering: .relaxed)
  }

  /// How the pool of reading connections fares.
  package var readerStatistics: PoolStatistics { readers.statistics }

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
    for writer in writers { await writer.closeAfterCheckpoint() }
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

extension Engine {
  fileprivate func writerCount(atMost limit: Int) -> Int {
    switch self {
    case .sqlite: 1
    case .postgres, .mysql: max(1, limit)
    }
  }
}

extension Database.Configuration {
  fileprivate var readerLimits: PoolLimits {
    var limits = PoolLimits(capacity: maximumReaders)
    limits.idle = maximumIdleReaders
    limits.hesitation = .milliseconds(50)
    limits.idleTime = .seconds(5)
    limits.lifetime = lifetime
    limits.patience = readPatience
    limits.waiters = maximumWaitingReads
    return limits
  }

  fileprivate func connection(isWriter: Bool) throws(DatabaseError) -> Connection {
    let slowQueries = onSlowQuery.map { SlowQueries(threshold: slowQueryThreshold, report: $0) }
    let engine = engine
    let backOff = engine.file == nil ? ReconnectBackOff() : nil
    // The pool replaces readers itself.
    let lifetime = isWriter ? lifetime : nil
    return try Connection(slowQueries: slowQueries, lifetime: lifetime, backOff: backOff) {
      interruption throws(DatabaseError) in
      try engine.connect(isWriter: isWriter, interruption)
    }
  }
}

extension Engine {
  fileprivate func connect(isWriter: Bool, _ interruption: Interruption) throws(DatabaseError) -> any Driver {
    switch self {
    case .sqlite(let file):
      return try SQLiteDriver(SQLiteDriver.Settings(file, isWriter: isWriter), interruption: interruption)
    case .postgres(let address):
      let settings = PostgresDriver.Settings(address: address, isWriter: isWriter)
      return try PostgresDriver(settings, interruption: interruption)
    case .mysql(let address):
      let settings = MySQLDriver.Settings(address: address, isWriter: isWriter)
      return try MySQLDriver(settings, interruption: interruption)
    }
  }
}

extension SQLiteDriver.Settings {
  fileprivate init(_ file: SQLiteFile, isWriter: Bool) {
    self.init(
      path: file.path, isWriter: isWriter, cacheSize: isWriter ? file.writerCacheSize : file.readerCacheSize,
      cachedStatements: isWriter ? 64 : 1024, busyTimeout: file.busyTimeout, checkpointPages: file.checkpointPages)
  }
}

import Glibc

/// One connection on a thread of its own: blocking drivers never run on the cooperative pool.
///
/// Work on it in one hop, with `run`; inside, every call is synchronous:
///
///     let count = try await connection.run { connection in
///       try connection.first("SELECT count(*) FROM t") { $0.integer(0) }
///     }
///
/// The engine is reached when it is first needed, and reached anew after an I/O error or a lost connection. Whatever
/// fails leaves the connection clean: no transaction stays open.
package actor Connection {
  /// What is open while a transaction's body runs.
  private struct OpenTransaction {
    var kind: TransactionKind
    /// Why the engine ended it early, where it did.
    var failure: DatabaseError?
  }

  /// A statement at work, and since when where that is asked for.
  private struct Use {
    var statement: any Statement
    var started: UInt64
  }

  private let thread: ThreadExecutor
  private let turns = Pool(PoolLimits(capacity: 1)) {}
  private let interruption = Interruption()
  private let connect: @Sendable (Interruption) throws(DatabaseError) -> any Driver
  private let slowQueries: SlowQueries?
  /// In nanoseconds.
  private let lifetime: UInt64?

  /// Nil where a failed attempt costs nothing.
  private var backOff: ReconnectBackOff?
  private var driver: (any Driver)?
  private var connectedAt: UInt64 = 0
  private var openTransaction: OpenTransaction?
  private var usesInHand = 0
  private var isClosed = false

  /// Starts the thread; `connect` runs on it when the first work arrives, and anew at the first turn after `lifetime`.
  init(
    slowQueries: SlowQueries?, lifetime: Duration? = nil, backOff: ReconnectBackOff? = nil,
    connect: @escaping @Sendable (Interruption) throws(DatabaseError) -> any Driver
  ) throws(DatabaseError) {
    thread = try ThreadExecutor()
    self.slowQueries = slowQueries
    self.lifetime = lifetime.map { UInt64(max(0, $0 / .nanoseconds(1))) }
    self.backOff = backOff
    self.connect = connect
  }

  deinit { thread.stop() }

  nonisolated package var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  // MARK: Turns

  /// Runs `body` on the connection's thread. Cancelling the task interrupts the statement that is running, or gives
  /// up the place in the queue; `DatabaseError.Kind.cancelled` is thrown then.
  @discardableResult
  nonisolated package func run<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let turn = try await turns.acquire()
    let ticket = interruption.drawTicket()
    return try await withTaskCancellationHandler {
      try await perform(ticket, turn, body)
    } onCancel: {
      interruption.cancel(ticket)
    }
  }

  /// As `run`, but deaf to cancellation: for a batch that holds other callers' work too.
  @discardableResult
  nonisolated package func runToEnd<Result: Sendable>(
    _ body: @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let turn = try await turns.acquire(waitsToEnd: true)
    return try await perform(nil, turn, body)
  }

  /// As `run`, without a task and outside the queue of turns: for who was lent the whole connection. `finish` hears the
  /// outcome on the connection's thread.
  nonisolated func call<Result: Sendable>(
    _ call: ConnectionCall, _ body: @escaping @Sendable (isolated Connection) throws -> Result,
    finish: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
  ) {
    thread.submit { self.assumeIsolated { connection in finish(Swift.Result { try connection.perform(call, body) }) } }
  }

  /// Tasks that `work` resumes go on, on this thread, when the connection's work in hand has ended. For those that have
  /// little left to do: whoever wants the connection next waits for them.
  package func lettingGoOn(_ work: () -> Void) { thread.lettingGoOn(work) }

  private func perform<Result>(
    _ call: ConnectionCall, _ body: @Sendable (isolated Connection) throws -> Result
  ) throws -> Result {
    let ticket = interruption.drawTicket()
    interruption.begin(ticket)
    defer { interruption.end() }
    guard call.begin(interrupt: { self.interruption.cancel(ticket) }) else { throw DatabaseError.cancelled }
    return try body(self)
  }

  /// Ends the turn on this thread already, so that the next task sets out while this one's travels back.
  private func perform<Result>(
    _ ticket: Interruption.Ticket?, _ turn: Loan<Void>, _ body: @Sendable (isolated Connection) throws -> Result
  ) throws -> Result {
    defer { turns.release(turn) }
    disconnectIfOld()
    guard let ticket else { return try body(self) }
    interruption.begin(ticket)
    defer { interruption.end() }
    if Task.isCancelled { throw DatabaseError.cancelled }
    return try body(self)
  }

  // MARK: Statements

  /// Runs a statement; answers how many rows it changed.
  @discardableResult
  package func execute(_ sql: SQL) throws(DatabaseError) -> Int {
    let use = try start(sql)
    defer { finish(use) }
    while try step(use) {}
    return use.statement.changes
  }

  /// Runs statements that take no values, separated by semicolons.
  package func executeScript(_ text: String) throws(DatabaseError) {
    let started = slowQueries == nil ? 0 : monotonicNanoseconds()
    defer { slowQueries?.note(text, since: started) }
    do {
      try engine().executeScript(text)
    } catch {
      throw noted(error)
    }
  }

  /// All rows, decoded one by one while the statement runs; nothing but the decoded values is held.
  package func query<Value>(_ sql: SQL, _ decode: (Row) throws -> Value) throws -> [Value] {
    var values: [Value] = []
    try forEachRow(sql) { row in
      values.append(try decode(row))
      return true
    }
    return values
  }

  /// The first row, or nil.
  package func first<Value>(_ sql: SQL, _ decode: (Row) throws -> Value) throws -> Value? {
    let use = try start(sql)
    defer { finish(use) }
    return try step(use) ? try decode(Row(use.statement)) : nil
  }

  /// Calls `body` for each row until it answers false. Rows come as the engine finds them, however many there are. On a
  /// server the connection runs nothing else meanwhile: a statement inside `body` is a mistake there.
  package func forEachRow(_ sql: SQL, _ body: (Row) throws -> Bool) throws {
    let use = try start(sql)
    defer { finish(use) }
    let row = Row(use.statement)
    while try step(use) {
      if try !body(row) { return }
    }
  }

  /// Inserts rows at once: the hot path of writing. `bind` is called for each row index in order and must bind a value
  /// for each column in order. Answers how many rows were new, where `bulk` keeps those that are there.
  ///
  /// The rows have distinct keys; give them in the order of their keys, or two such inserts lock each other out. Where
  /// `Dialect.reportsConflicts`, keys may repeat, and `conflicted` hears of each row that was kept out by one that is
  /// there. When it throws, rows may have been written: a transaction around it rolls them back.
  @discardableResult
  package func insert(
    _ bulk: BulkInsert, rows: Int, bind: (Int, borrowing Binds) -> Void, conflicted: ((Int) -> Void)? = nil
  ) throws(DatabaseError) -> Int {
    guard rows > 0 else { return 0 }
    if let name = bulk.refusedIdentifier { throw .misuse("not an identifier: \(name.debugDescription)") }
    let driver = try engine()
    try checkTransaction(driver)
    if interruption.isRequested { throw .cancelled }
    let started = slowQueries == nil ? 0 : monotonicNanoseconds()
    usesInHand += 1
    defer {
      usesInHand -= 1
      slowQueries?.note(bulk.text, since: started)
    }
    do {
      return try driver.insert(bulk, rows: rows, bind: bind, conflicted: conflicted)
    } catch {
      throw noted(error)
    }
  }

  /// What the engine is like; connects when that was not done yet.
  package func dialect() throws(DatabaseError) -> Dialect { try engine().dialect }

  // MARK: Transactions

  /// Runs `body` in a transaction that takes the write lock at once; rolls back when it throws. The commit is durable.
  @discardableResult
  package func transaction<Result>(_ body: () throws -> Result) throws -> Result {
    guard openTransaction == nil else { throw DatabaseError.misuse("a transaction is open already") }
    return try within(.write, body)
  }

  /// Runs `body` in a read transaction: everything it reads is of one moment. Inside a transaction that is so anyway.
  package func snapshot<Result>(_ body: () throws -> Result) throws -> Result {
    openTransaction == nil ? try within(.read, body) : try body()
  }

  private func within<Result>(_ kind: TransactionKind, _ body: () throws -> Result) throws -> Result {
    let driver = try engine()
    do { try driver.begin(kind) } catch { throw noted(error) }
    openTransaction = OpenTransaction(kind: kind)
    defer { openTransaction = nil }
    do {
      let result = try body()
      try commit(driver)
      return result
    } catch {
      rollBack(driver)
      throw error
    }
  }

  private func commit(_ driver: any Driver) throws(DatabaseError) {
    try checkTransaction(driver)
    let started = slowQueries == nil ? 0 : monotonicNanoseconds()
    defer { slowQueries?.note("COMMIT", since: started) }
    do { try driver.commit() } catch { throw noted(error) }
  }

  /// A connection that cannot roll back is replaced: closing it rolls back.
  private func rollBack(_ driver: any Driver) {
    guard driver.isInTransaction else { return }
    let isClean = interruption.shielded {
      do {
        try driver.rollback()
        return true
      } catch {
        return false
      }
    }
    if !isClean { disconnect() }
  }

  /// An engine may end a transaction by itself (disk full, I/O error). What follows in its body must not be committed
  /// one by one, even if the body swallowed the error.
  private func checkTransaction(_ driver: any Driver) throws(DatabaseError) {
    guard let openTransaction, !driver.isInTransaction else { return }
    throw openTransaction.failure ?? DatabaseError.misuse("the transaction was ended inside its body")
  }

  // MARK: Maintenance

  /// Between batches, after their callers were answered: writes back what the log holds, once enough has gathered.
  package func checkpointIfNeeded() throws(DatabaseError) { try checkpoint(.whenDue) }

  /// How many statements were prepared and not found in the cache.
  package var preparedStatements: Int { driver?.preparedStatements ?? 0 }

  func checkpoint(_ extent: CheckpointExtent) throws(DatabaseError) {
    let started = slowQueries == nil ? 0 : monotonicNanoseconds()
    defer { slowQueries?.note("checkpoint", since: started) }
    do { try engine().checkpoint(extent) } catch { throw noted(error) }
  }

  func backup(to path: String, progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    try engine().backup(to: path, progress: progress)
  }

  func integrityProblems() throws(DatabaseError) -> [String] { try engine().integrityProblems() }

  func ensureConnected() throws(DatabaseError) { _ = try engine() }

  func close() {
    isClosed = true
    disconnect()
  }

  /// Waits for its turn. A log that cannot be written back now is read again at the next start; nothing is lost.
  nonisolated func closeAfterCheckpoint() async {
    do {
      try await runToEnd { try $0.checkpoint(.full) }
    } catch {
      await close()
      return
    }
    await close()
  }

  /// Between turns only, since what a turn begins may belong to the session.
  private func disconnectIfOld() {
    guard let lifetime, driver != nil, monotonicNanoseconds() &- connectedAt >= lifetime else { return }
    disconnect()
  }

  private func disconnect() {
    driver?.close()
    driver = nil
  }

  /// The driver, connected, and connected anew when the one before is broken and nothing of it is in hand.
  private func engine() throws(DatabaseError) -> any Driver {
    if let driver {
      guard driver.isBroken && usesInHand == 0 && openTransaction == nil else { return driver }
      disconnect()
    }
    if isClosed { throw .closed }
    if let refusal = backOff?.refusal(at: .now) { throw refusal }
    do {
      let connected = try connect(interruption)
      backOff?.succeed()
      driver = connected
      if lifetime != nil { connectedAt = monotonicNanoseconds() }
      return connected
    } catch {
      if error.kind != .cancelled { backOff?.fail(error, at: .now, share: .random(in: 0...1)) }
      throw error
    }
  }

  private func start(_ sql: SQL) throws(DatabaseError) -> Use {
    if let name = sql.refusedIdentifier { throw .misuse("not an identifier: \(name.debugDescription)") }
    let use = try start(sql.text, isVarying: sql.isVarying)
    for value in sql.binds { use.statement.bind(value) }
    return use
  }

  private func start(_ text: String, isVarying: Bool = false) throws(DatabaseError) -> Use {
    let driver = try engine()
    try checkTransaction(driver)
    let started = slowQueries == nil ? 0 : monotonicNanoseconds()
    do {
      let statement = try isVarying ? driver.prepareOnce(text) : driver.prepare(text)
      usesInHand += 1
      return Use(statement: statement, started: started)
    } catch {
      throw noted(error)
    }
  }

  private func step(_ use: Use) throws(DatabaseError) -> Bool {
    if interruption.isRequested { throw .cancelled }
    do {
      return try use.statement.step()
    } catch {
      throw noted(error)
    }
  }

  private func finish(_ use: Use) {
    slowQueries?.note(use.statement.text, since: use.started)
    usesInHand -= 1
    driver?.release(use.statement)
  }

  private func noted(_ error: DatabaseError) -> DatabaseError {
    openTransaction?.failure = error
    return error
  }
}

/// Who hears of statements that take long.
struct SlowQueries: Sendable {
  private let threshold: UInt64
  private let report: @Sendable (String, Duration) -> Void

  init(threshold: Duration, report: @escaping @Sendable (String, Duration) -> Void) {
    let nanoseconds = threshold / .nanoseconds(1)
    self.threshold = nanoseconds > 0 ? UInt64(nanoseconds) : 0
    self.report = report
  }

  func note(_ text: String, since started: UInt64) {
    let taken = monotonicNanoseconds() &- started
    if taken >= threshold { report(text, .nanoseconds(Int64(clamping: taken))) }
  }
}

private func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}

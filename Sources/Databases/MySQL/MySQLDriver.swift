import CMariaDB

/// One connection to MySQL or MariaDB.
///
/// A connection does one thing at a time: while a statement has rows to come, another one is refused as misuse. Whether
/// commits are durable is the server's own setting (`innodb_flush_log_at_trx_commit`, `sync_binlog`).
///
/// Deadlocks, and locks that were waited for too long, end the whole transaction here, so that nothing that follows in
/// it is committed on its own.
final class MySQLDriver: Driver {
  struct Settings: Sendable {
    var address: MySQLAddress
    var isWriter: Bool
    var cachedStatements = 64
  }

  let dialect: Dialect
  let handle: MySQLHandle
  let session: MySQLSession
  private(set) var preparedStatements = 0

  private let settings: Settings
  private let interruption: Interruption
  private let killer: QueryKiller
  private var cache: StatementCache<MySQLStatement>
  private var isRunning = false
  private var isLost = false
  private var isClosed = false

  init(_ settings: Settings, interruption: Interruption) throws(DatabaseError) {
    self.settings = settings
    self.interruption = interruption
    handle = try MySQLHandle(settings.address)
    dialect = handle.isMariaDB ? .mariaDB : .mySQL
    cache = StatementCache(capacity: settings.cachedStatements)
    killer = QueryKiller(settings.address, number: handle.number, socket: handle.socket)
    do throws(DatabaseError) {
      session = try MySQLSession(handle, settings.address, dialect, isWriter: settings.isWriter)
    } catch {
      throw error.about(settings.address)
    }
    interruption.setInterrupt { [killer] in killer.kill() }
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    interruption.setInterrupt(nil)
    _ = killer.end()
    // Statements of a closed connection are freed without a word to the server.
    handle.close()
    cache.removeAll()
  }

  var isInTransaction: Bool { handle.isInTransaction }

  var isBroken: Bool { isLost || handle.isHungUp }

  // MARK: Statements

  func prepare(_ text: String) throws(DatabaseError) -> any Statement { try statement(text) }

  func prepareOnce(_ text: String) throws(DatabaseError) -> any Statement {
    try checkIdle(text)
    return try MySQLStatement(once: text, self)
  }

  func statement(_ text: String) throws(DatabaseError) -> MySQLStatement {
    try checkIdle(text)
    if let cached = cache.statement(text), !cached.isInUse {
      cached.isInUse = true
      return cached
    }
    let statement: MySQLStatement
    do throws(DatabaseError) {
      statement = try MySQLStatement(text, self)
    } catch {
      throw noted(error)
    }
    statement.isInUse = true
    preparedStatements += 1
    cache.insert(statement)
    return statement
  }

  func release(_ statement: any Statement) {
    guard let statement = statement as? MySQLStatement else { return }
    statement.rewind()
    statement.isInUse = false
  }

  func executeScript(_ text: String) throws(DatabaseError) {
    guard !text.utf8.contains(0) else { throw .misuse("a script holds a NUL", sql: text) }
    try checkIdle(text)
    try beginStatement()
    do throws(DatabaseError) {
      try handle.run(text)
    } catch {
      throw endStatement(error)
    }
    endStatement()
  }

  // MARK: Transactions

  func begin(_ kind: TransactionKind) throws(DatabaseError) {
    switch kind {
    case .write:
      guard settings.isWriter else {
        throw DatabaseError(kind: .readOnly, code: 0, message: "this connection only reads")
      }
      try executeScript("START TRANSACTION")
    case .read:
      try executeScript(
        """
        SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
        START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY
        """)
    }
  }

  func commit() throws(DatabaseError) { try conclude("COMMIT") }

  func rollback() throws(DatabaseError) {
    try killer.cuttingInTime { () throws(DatabaseError) in try conclude("ROLLBACK") }
  }

  /// Deaf to cancellation: a server that waits for its replicas would take it for leave not to wait.
  private func conclude(_ text: String) throws(DatabaseError) {
    try checkIdle(text)
    do throws(DatabaseError) {
      try handle.run(text)
    } catch {
      throw noted(error)
    }
  }

  // MARK: Statements at work

  /// From now on until `endStatement` the server can be told to stop what runs.
  func beginStatement() throws(DatabaseError) {
    killer.begin()
    isRunning = true
    // Whoever cancelled before has seen nothing to stop.
    guard !interruption.isRequested else { throw endStatement(.cancelled) }
  }

  func endStatement() {
    isRunning = false
    if killer.end() { settle() }
  }

  /// Answers what is to be thrown.
  @discardableResult
  func endStatement(_ error: DatabaseError) -> DatabaseError {
    isRunning = false
    let wasKilled = killer.end()
    let error = noted(error)
    if wasKilled && !isLost { settle() }
    return error
  }

  /// Has the server told to stop the statement that runs; returns at once.
  func stopStatement() { killer.kill() }

  /// Refuses what the server would not take; it would hang up instead of saying so.
  func checkSize(_ size: Int, _ text: String) throws(DatabaseError) {
    guard size + MySQLSession.packetOverhead > session.maximumPacket else { return }
    throw DatabaseError(
      kind: .constraint, code: ER_NET_PACKET_TOO_LARGE,
      message: """
        values of \(size) bytes are more than the \(session.maximumPacket) that max_allowed_packet allows; \
        raise it on the server
        """, sql: text)
  }

  private func checkIdle(_ text: String) throws(DatabaseError) {
    guard isRunning else { return }
    throw .misuse("another statement on this connection still has rows to come", sql: text)
  }

  /// Lets a late KILL QUERY hit nothing that matters.
  private func settle() {
    do {
      try killer.cuttingInTime { () throws(DatabaseError) in try handle.run("DO 0") }
    } catch {
      if error.code != ER_QUERY_INTERRUPTED { isLost = true }
    }
  }

  /// An error's answer does not say what became of the transaction, and the client library goes on as if it were open.
  private func noted(_ error: DatabaseError) -> DatabaseError {
    var error = error
    if DatabaseError.losesMySQLConnection(error.code) { isLost = true }
    // Where the server did not heed it, the connection was cut.
    if interruption.isRequested, isLost || error.code == ER_QUERY_INTERRUPTED { error.kind = .cancelled }
    // A server that was demoted: there may be another one at the same address.
    if error.kind == .readOnly && settings.isWriter { isLost = true }
    if isInTransaction && !isLost {
      do {
        try killer.cuttingInTime { () throws(DatabaseError) in
          try handle.run(error.kind == .conflict ? "ROLLBACK" : "DO 0")
        }
      } catch {
        if error.code != ER_QUERY_INTERRUPTED { isLost = true }
      }
    }
    return error
  }

  // MARK: Maintenance

  /// The server writes its pages back by itself.
  func checkpoint(_ extent: CheckpointExtent) throws(DatabaseError) {}

  func backup(to path: String, progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    throw .misuse("a MySQL or MariaDB database is backed up with mariadb-dump or mysqldump --single-transaction")
  }

  func integrityProblems() throws(DatabaseError) -> [String] {
    throw .misuse("a MySQL or MariaDB database is checked with mariadb-check or mysqlcheck")
  }
}

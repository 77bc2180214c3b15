import CPostgres

/// One connection to PostgreSQL: prepared statements, values in binary form, rows one by one as they come.
///
/// While rows of a statement are being read nothing else runs on the connection. Whether commits are durable is the
/// server's own setting (`fsync`, `synchronous_commit`).
final class PostgresDriver: Driver {
  struct Settings: Sendable {
    var address: PostgresAddress
    var isWriter: Bool
    var cachedStatements = 64
    /// How long a statement waits for a lock that another transaction holds, unless the address says otherwise.
    var lockTimeout = Duration.seconds(5)
  }

  /// From this many rows on COPY is cheaper than a prepared statement.
  private static let copiedRows = 16

  let dialect = Dialect.postgresql
  private(set) var preparedStatements = 0

  private let settings: Settings
  private let session: PostgresSession
  private let interruption: Interruption
  private let names = PostgresStatementNames()
  private var cache: StatementCache<PostgresStatement>
  private var bulks: [String: PostgresBulk] = [:]
  private var copies: [String: PostgresCopy] = [:]

  init(_ settings: Settings, interruption: Interruption) throws(DatabaseError) {
    self.settings = settings
    self.interruption = interruption
    cache = StatementCache(capacity: settings.cachedStatements)
    session = try PostgresSession(settings.address, isWriter: settings.isWriter, interruption: interruption)
    do {
      try setUp()
    } catch {
      close()
      throw error
    }
  }

  func close() { session.close() }

  var isInTransaction: Bool { session.isInTransaction }

  var isBroken: Bool { session.isToBeReplaced() }

  private func setUp() throws(DatabaseError) {
    let encoding = session.parameterStatus("server_encoding") ?? "unknown"
    guard encoding == "UTF8" else {
      throw .misuse("\(settings.address) is encoded in \(encoding); create a database with ENCODING 'UTF8'")
    }
    try session.run(
      script: """
        SET client_min_messages = warning;
        SET standard_conforming_strings = on;
        SET TimeZone = 'UTC';
        SET default_transaction_isolation = 'read committed';
        SET default_transaction_read_only = \(settings.isWriter ? "off" : "on");
        SELECT set_config('lock_timeout', '\(Int64(settings.lockTimeout / .milliseconds(1)))', false)
          WHERE current_setting('lock_timeout') = '0';
        SET tcp_keepalives_idle = 15;
        SET tcp_keepalives_interval = 5;
        SET tcp_keepalives_count = 3
        """)
    try adoptStatementTimeout()
  }

  /// A server that is to end statements after some time and does not has stopped answering altogether.
  private func adoptStatementTimeout() throws(DatabaseError) {
    let statement = try prepare("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")
    defer { release(statement) }
    while try statement.step() {
      let timeout = statement.integer(0)
      if timeout > 0 { session.patience = .milliseconds(timeout) + .seconds(10) }
    }
  }

  // MARK: Statements

  func prepare(_ text: String) throws(DatabaseError) -> any Statement {
    try statement(text) { PostgresText.numbered(text) }
  }

  func prepareOnce(_ text: String) throws(DatabaseError) -> any Statement {
    try PostgresStatement(text, numberedText: PostgresText.numbered(text), session)
  }

  func release(_ statement: any Statement) {
    guard let statement = statement as? PostgresStatement else { return }
    statement.rewind()
    statement.isInUse = false
  }

  func insert(
    _ bulk: BulkInsert, rows: Int, bind: (Int, borrowing Binds) -> Void, conflicted: ((Int) -> Void)?
  ) throws(DatabaseError) -> Int {
    if case .fail = bulk.conflict, rows >= Self.copiedRows { return try copy(bulk, rows: rows, bind) }
    let gathered = kept(bulk, in: &bulks, PostgresBulk.init)
    defer { gathered.removeAll() }
    let statement = try statement(bulk.text) { gathered.statementText }
    defer { release(statement) }
    try gathered.gather(rows: rows, bind)
    if interruption.isRequested { throw .cancelled }
    return try gathered.insert(by: statement)
  }

  private func copy(
    _ bulk: BulkInsert, rows: Int, _ bind: (Int, borrowing Binds) -> Void
  ) throws(DatabaseError) -> Int {
    let copy = kept(bulk, in: &copies, PostgresCopy.init)
    defer { copy.removeAll() }
    try copy.gather(rows: rows, bind)
    if interruption.isRequested { throw .cancelled }
    return try copy.insert(by: session)
  }

  /// Kept for the next rows, but not for the tables of all days that there ever were.
  private func kept<Gatherer>(
    _ bulk: BulkInsert, in gatherers: inout [String: Gatherer], _ make: (BulkInsert) -> Gatherer
  ) -> Gatherer {
    if let kept = gatherers[bulk.text] { return kept }
    if gatherers.count >= settings.cachedStatements { gatherers.removeAll() }
    let new = make(bulk)
    gatherers[bulk.text] = new
    return new
  }

  func executeScript(_ text: String) throws(DatabaseError) {
    guard !text.utf8.contains(0) else { throw .misuse("a script holds a NUL", sql: text) }
    try session.run(script: text)
  }

  private func statement(_ text: String, numbered: () -> String) throws(DatabaseError) -> PostgresStatement {
    releaseForgotten()
    if let cached = cache.statement(text) {
      guard !cached.isInUse else { throw .misuse("a statement cannot run inside its own loop", sql: text) }
      try cached.refresh()
      cached.isInUse = true
      return cached
    }
    let statement = try PostgresStatement(text, numberedText: numbered(), session, names)
    statement.isInUse = true
    preparedStatements += 1
    cache.insert(statement)
    return statement
  }

  /// Between transactions only, where the failure to free one, which the server may have lost by itself, harms nothing.
  private func releaseForgotten() {
    guard names.hasForgotten, session.isIdle else { return }
    for name in names.takeForgotten() {
      do { try session.run(script: "DEALLOCATE \(name)") } catch { continue }
    }
  }

  // MARK: Transactions

  func begin(_ kind: TransactionKind) throws(DatabaseError) {
    switch kind {
    case .write:
      guard settings.isWriter else {
        throw DatabaseError(kind: .readOnly, code: 0, message: "the connection is for reading only")
      }
      try run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    case .read: try run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    }
  }

  /// Deaf to cancellation: a server that waits for its standbys would take it for leave not to wait.
  func commit() throws(DatabaseError) { try run("COMMIT", heedsInterruption: false) }

  func rollback() throws(DatabaseError) { try run("ROLLBACK", endsTransaction: true, heedsInterruption: false) }

  private func run(
    _ text: String, endsTransaction: Bool = false, heedsInterruption: Bool = true
  ) throws(DatabaseError) {
    try session.begin(sql: text, endsTransaction: endsTransaction) { PQsendQuery($0, text) }
    _ = try session.finish(sql: text, heedsInterruption: heedsInterruption)
  }

  // MARK: Maintenance

  /// The server's own affair.
  func checkpoint(_ extent: CheckpointExtent) {}

  func backup(to path: String, progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    throw .misuse("\(settings.address) is backed up by PostgreSQL's own pg_dump or pg_basebackup")
  }

  func integrityProblems() throws(DatabaseError) -> [String] {
    throw .misuse("\(settings.address) is checked by PostgreSQL's own pg_amcheck")
  }
}

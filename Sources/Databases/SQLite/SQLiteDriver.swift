import CSQLite
import Glibc

/// One SQLite connection: WAL, every commit fsynced, the file's only checkpointer when it writes.
///
/// The one who writes checkpoints, and nobody else: SQLite before 3.51.3 can damage the file when two connections
/// write and checkpoint in the same moment (https://www.sqlite.org/wal.html, the WAL-reset bug).
final class SQLiteDriver: Driver {
  struct Settings: Sendable {
    var path: String
    var isWriter: Bool
    var cacheSize: Int
    var cachedStatements: Int
    var busyTimeout: Duration
    /// Pages in the log from which on a checkpoint is due.
    var checkpointPages: Int
  }

  /// Virtual machine operations between two looks at the interruption.
  private static let operationsBetweenPolls: Int32 = 1000
  /// Measured against 4096: rows of many users and conversations land on fewer pages, so that a batch writes less.
  private static let pageSize = 8192
  /// A log larger than this is cut when it starts over.
  private static let logSizeLimit = 64 << 20
  /// How long a checkpoint that wants the log to itself waits for readers, while writers wait for it.
  private static let patienceWithReaders = Duration.milliseconds(100)
  private static let withoutMemoryStatistics: Void = { _ = csqlite_disable_memory_statistics() }()

  let dialect = Dialect.sqlite
  private(set) var isBroken = false
  private(set) var preparedStatements = 0

  let settings: Settings
  private let handle: OpaquePointer
  private let interruption: Interruption
  private let log: WriteAheadLog
  private var cache: StatementCache<SQLiteStatement>
  private var isClosed = false

  init(_ settings: Settings, interruption: Interruption) throws(DatabaseError) {
    _ = Self.withoutMemoryStatistics
    self.settings = settings
    self.interruption = interruption
    cache = StatementCache(capacity: settings.cachedStatements)
    log = WriteAheadLog(checkpointPages: settings.checkpointPages)
    handle = try Self.open(settings)
    do {
      try setUp()
    } catch {
      close()
      throw error.about(settings.path)
    }
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    // Whoever cancels must not reach a handle that is gone.
    interruption.setInterrupt(nil)
    cache.removeAll()
    sqlite3_close_v2(handle)
  }

  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  // MARK: Opening

  private static func open(_ settings: Settings) throws(DatabaseError) -> OpaquePointer {
    var handle: OpaquePointer?
    let access = settings.isWriter ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    // Debian's SQLite takes a path that starts with "file:" for a URI.
    let path = settings.path.hasPrefix("/") ? settings.path : "./" + settings.path
    let code = sqlite3_open_v2(path, &handle, flags, nil)
    guard code == SQLITE_OK, let handle else {
      let error = DatabaseError.sqlite(code, handle)
      let systemCode = handle.map { sqlite3_system_errno($0) } ?? 0
      sqlite3_close_v2(handle)
      throw error.about(settings.path, reason: systemCode == 0 ? nil : systemMessage(systemCode))
    }
    return handle
  }

  private func setUp() throws(DatabaseError) {
    // Readers leave the log alone, and so does a writer that cannot make sense of the file: the log may save it.
    try check(csqlite_set_flag(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1))
    sqlite3_busy_timeout(handle, settings.busyTimeout.milliseconds)
    try setUpInterruption()
    try executeScript(
      """
      PRAGMA foreign_keys = OFF;
      PRAGMA trusted_schema = OFF;
      PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -\(max(1, settings.cacheSize / 1024));
      """)
    if settings.isWriter {
      try setUpWriter()
      try check(csqlite_set_flag(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0))
    } else {
      try executeScript("PRAGMA query_only = ON")
      // The first look at the file, so that what is no database fails here.
      try executeScript("SELECT count(*) FROM sqlite_schema")
    }
  }

  private func setUpWriter() throws(DatabaseError) {
    guard sqlite3_db_readonly(handle, "main") == 0 else {
      throw DatabaseError(kind: .readOnly, code: SQLITE_READONLY, message: "the file cannot be written")
    }
    // Before anything is written to a new file; an older file keeps its own size.
    try executeScript("PRAGMA page_size = \(Self.pageSize)")
    let mode = try SQLiteStatement("PRAGMA journal_mode = WAL", handle, isCached: false)
    guard try mode.step(), mode.text(0) == "wal" else {
      throw .misuse("the file system has no shared memory, which SQLite's write-ahead log needs")
    }
    mode.finalize()
    try executeScript(
      """
      PRAGMA synchronous = FULL;
      PRAGMA cell_size_check = ON;
      PRAGMA secure_delete = OFF;
      PRAGMA journal_size_limit = \(Self.logSizeLimit);
      """)
    sqlite3_wal_hook(
      handle,
      { log, _, _, pages in
        if let log { Unmanaged<WriteAheadLog>.fromOpaque(log).takeUnretainedValue().noteCommit(pages: Int(pages)) }
        return SQLITE_OK
      }, Unmanaged.passUnretained(log).toOpaque())
  }

  private func setUpInterruption() throws(DatabaseError) {
    // The handle outlives the closure's use: it is closed after `setInterrupt(nil)`, which takes the same lock.
    nonisolated(unsafe) let handle = handle
    interruption.setInterrupt { sqlite3_interrupt(handle) }
    sqlite3_progress_handler(
      handle, Self.operationsBetweenPolls,
      { interruption in
        guard let interruption else { return 0 }
        return Unmanaged<Interruption>.fromOpaque(interruption).takeUnretainedValue().isRequested ? 1 : 0
      }, Unmanaged.passUnretained(interruption).toOpaque())
  }

  // MARK: Statements

  func prepare(_ text: String) throws(DatabaseError) -> any Statement {
    let cached = cache.statement(text)
    if let cached, !cached.isInUse {
      cached.isInUse = true
      return cached
    }
    let statement: SQLiteStatement
    do {
      statement = try SQLiteStatement(text, handle, isCached: cached == nil)
    } catch {
      throw noted(error)
    }
    statement.owner = self
    statement.isInUse = true
    preparedStatements += 1
    // A statement that runs inside its own loop gets a second one for that time.
    if cached == nil { cache.insert(statement) }
    return statement
  }

  func release(_ statement: any Statement) {
    guard let statement = statement as? SQLiteStatement else { return }
    statement.clear()
    statement.isInUse = false
  }

  func insert(
    _ bulk: BulkInsert, rows: Int, bind: (Int, borrowing Binds) -> Void, conflicted: ((Int) -> Void)?
  ) throws(DatabaseError) -> Int {
    let statement = try prepare(bulk.text)
    defer { release(statement) }
    let binds = Binds(statement)
    var changes = 0
    for row in 0..<rows {
      bind(row, binds)
      if interruption.isRequested { throw .cancelled }
      while try statement.step() {}
      if statement.changes > 0 { changes += 1 } else { conflicted?(row) }
      statement.rewind()
    }
    return changes
  }

  func executeScript(_ text: String) throws(DatabaseError) {
    guard !text.utf8.contains(0) else { throw .misuse("a script holds a NUL", sql: text) }
    try check(sqlite3_exec(handle, text, nil, nil, nil), sql: text)
  }

  // MARK: Transactions

  func begin(_ kind: TransactionKind) throws(DatabaseError) {
    try run(kind == .write ? "BEGIN IMMEDIATE" : "BEGIN")
  }

  func commit() throws(DatabaseError) { try run("COMMIT") }

  func rollback() throws(DatabaseError) { try run("ROLLBACK") }

  private func run(_ text: String) throws(DatabaseError) {
    let statement = try prepare(text)
    defer { release(statement) }
    while try statement.step() {}
  }

  // MARK: Maintenance

  func checkpoint(_ extent: CheckpointExtent) throws(DatabaseError) {
    guard settings.isWriter else { return }
    switch extent {
    case .whenDue:
      if log.isLong {
        log.noteRestart()
        try checkpoint(SQLITE_CHECKPOINT_RESTART, patience: Self.patienceWithReaders)
      } else if log.isDue {
        log.noteWriteBack()
        try checkpoint(SQLITE_CHECKPOINT_PASSIVE, patience: .zero)
      }
    case .full:
      try checkpoint(SQLITE_CHECKPOINT_TRUNCATE, patience: Self.patienceWithReaders)
    }
  }

  /// Readers in the way are no failure: what they still need stays in the log until the next time.
  private func checkpoint(_ mode: Int32, patience: Duration) throws(DatabaseError) {
    sqlite3_busy_timeout(handle, patience.milliseconds)
    defer { sqlite3_busy_timeout(handle, settings.busyTimeout.milliseconds) }
    let code = sqlite3_wal_checkpoint_v2(handle, "main", mode, nil, nil)
    if code & 0xff != SQLITE_BUSY { try check(code) }
  }

  func integrityProblems() throws(DatabaseError) -> [String] {
    let statement = try SQLiteStatement("PRAGMA integrity_check", handle, isCached: false)
    defer { statement.finalize() }
    var lines: [String] = []
    do {
      while try statement.step() { lines.append(statement.text(0)) }
    } catch  where error.kind == .corrupt {
      // Damage can be such that even the check cannot go on.
      lines.append(error.message)
    }
    return lines == ["ok"] ? [] : lines
  }

  func backup(to path: String, progress: (_ done: Int, _ total: Int) -> Void) throws(DatabaseError) {
    try run("BEGIN")
    defer { sqlite3_exec(handle, "ROLLBACK", nil, nil, nil) }
    // The transaction begins with its first read; while it lasts no writer can make the copy start over.
    try executeScript("SELECT count(*) FROM sqlite_schema")
    try SQLiteBackup(source: handle, path: path).run(progress: progress)
  }

  private func check(_ code: Int32, sql: String? = nil) throws(DatabaseError) {
    guard code == SQLITE_OK else { throw noted(.sqlite(code, handle, sql: sql)) }
  }

  /// After an I/O error or damage nothing that the connection holds is to be trusted.
  func noted(_ error: DatabaseError) -> DatabaseError {
    if error.kind == .full { log.noteNoRoom() }
    switch error.code & 0xff {
    case SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_NOMEM: isBroken = true
    default: break
    }
    return error
  }
}

extension DatabaseError {
  /// Names the file first: these errors end in front of an operator.
  fileprivate func about(_ path: String, reason: String? = nil) -> DatabaseError {
    var error = self
    error.message = "\(path): \(message)" + (reason.map { " (\($0))" } ?? "")
    return error
  }
}

extension Duration {
  fileprivate var milliseconds: Int32 {
    Int32(clamping: components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
  }
}

import CPostgres

/// What is going on over a link: one command at a time, within a transaction or not.
final class PostgresSession {
  enum Answer {
    case row(PostgresResult)
    /// The command is done; nothing more comes of it.
    case end(PostgresResult)
  }

  /// Rows that are cheaper to read and forget than to cancel.
  private static let cheapRows = 64

  private let link: PostgresLink
  private let isWriter: Bool
  /// The server that we are to write to takes no writes any more: another may have become the first.
  private var isDemoted = false
  /// A command's results are still to be read.
  private var isBusy = false
  /// Somebody still wants those results.
  private var isHeld = false
  private var wasInTransaction = false
  /// What made the open transaction fail.
  private var transactionFailure: DatabaseError?

  init(_ address: PostgresAddress, isWriter: Bool, interruption: Interruption) throws(DatabaseError) {
    self.isWriter = isWriter
    link = try PostgresLink(address, isWriter: isWriter, interruption: interruption)
  }

  func close() { link.close() }

  /// How long the server may say nothing; nil for as long as it takes.
  var patience: Duration? {
    get { link.patience }
    set { link.patience = newValue }
  }

  // MARK: State

  var isInTransaction: Bool {
    switch link.transactionStatus {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    case PQTRANS_ACTIVE: wasInTransaction
    default: false
    }
  }

  var isIdle: Bool { !link.isLost && !isBusy && link.transactionStatus == PQTRANS_IDLE }

  /// Looks for itself at an idle connection.
  func isToBeReplaced() -> Bool {
    if isIdle { link.listen() }
    return link.isLost || link.isSwollen || isDemoted
  }

  func parameterStatus(_ name: String) -> String? { link.parameterStatus(name) }

  /// The transaction has failed and can only be rolled back.
  private var isTransactionFailed: Bool { link.transactionStatus == PQTRANS_INERROR }

  // MARK: Commands

  /// Sends a command of about `size` bytes by `send`, which answers 0 when it could not be sent. What an earlier one
  /// left unread is thrown away first. In a transaction that has failed everything but its end fails in the same way.
  func begin(
    sql: String?, endsTransaction: Bool = false, size: Int = 0, _ send: (OpaquePointer) -> Int32
  ) throws(DatabaseError) {
    guard endsTransaction || !isHeld else {
      throw .misuse("a statement cannot run while rows of another are still to be read", sql: sql)
    }
    try discard(cancelling: endsTransaction)
    if isTransactionFailed && !endsTransaction {
      throw transactionFailure ?? .misuse("the transaction has failed already", sql: sql)
    }
    if !isTransactionFailed { transactionFailure = nil }
    wasInTransaction = isInTransaction
    try link.send(sql: sql, size: size, send)
    isBusy = true
  }

  /// Rows come one by one instead of all at once, until the end or `abandon`; nothing else runs meanwhile.
  func streamRows() {
    link.streamRows()
    isHeld = true
  }

  /// The rest of the rows is not wanted. Outside a transaction the command is ended at once. Inside one cancelling would
  /// end the transaction, too; the rest is thrown away when that goes on, or cancelled when it is rolled back.
  func abandon() {
    isHeld = false
    guard isBusy, !wasInTransaction else { return }
    // Only a lost link fails here, and that is known of then.
    do { try discard(cancelling: true) } catch { isBusy = false }
  }

  /// The next row or the end of the command. Throws what the server refused; the command is over then.
  func next(sql: String?, heedsInterruption: Bool = true) throws(DatabaseError) -> Answer {
    guard let result = try receive(sql, heedsInterruption) else {
      throw .misuse("a command answered nothing", sql: sql)
    }
    switch result.status {
    case PGRES_SINGLE_TUPLE: return .row(result)
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      try readToEnd(sql, heedsInterruption)
      return .end(result)
    case PGRES_FATAL_ERROR:
      throw try failure(result, sql, heedsInterruption)
    case PGRES_EMPTY_QUERY:
      try readToEnd(sql, heedsInterruption)
      throw .misuse("one statement is expected", sql: sql)
    default:
      link.giveUp()
      throw .misuse("the statement does not answer with rows", sql: sql)
    }
  }

  /// Reads a command's answer where no rows are wanted one by one.
  func finish(sql: String?, heedsInterruption: Bool = true) throws(DatabaseError) -> PostgresResult {
    while true {
      if case .end(let result) = try next(sql: sql, heedsInterruption: heedsInterruption) { return result }
    }
  }

  /// Runs a script of statements; the first that fails ends it.
  func run(script: String) throws(DatabaseError) {
    try begin(sql: script, size: script.utf8.count) { PQsendQuery($0, script) }
    while let result = try receive(script, true) {
      switch result.status {
      case PGRES_FATAL_ERROR: throw try failure(result, script, true)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        link.giveUp()
        throw .misuse("a script cannot copy", sql: script)
      default: break
      }
    }
  }

  /// Sends `bytes` to a COPY command, `sql` for those who read of its failure; answers how many rows it took.
  func copy(_ bytes: UnsafeRawBufferPointer, by command: String, sql: String) throws(DatabaseError) -> Int {
    try begin(sql: sql) { PQsendQuery($0, command) }
    guard let answer = try receive(sql, true) else { throw .misuse("a command answered nothing", sql: sql) }
    guard answer.status == PGRES_COPY_IN else { throw try failure(answer, sql, true) }
    // The server says at the end what was wrong with the rows, and only that a link is lost can be known before.
    try link.sendCopied(bytes, sql: sql)
    return try finish(sql: sql).changes
  }

  // MARK: Receiving

  private func receive(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) -> PostgresResult? {
    let result = try link.receive(sql: sql, heedsInterruption: heedsInterruption)
    if result == nil { isBusy = false }
    return result
  }

  private func readToEnd(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) {
    isHeld = false
    while try receive(sql, heedsInterruption) != nil {}
  }

  /// Throws away what the running command still answers; a long answer may be cancelled.
  private func discard(cancelling: Bool) throws(DatabaseError) {
    isHeld = false
    guard isBusy, !link.isLost else { return }
    var count = 0
    while let result = try receive(nil, true) {
      count += 1
      if cancelling && count % Self.cheapRows == 0 { link.cancel() }
      guard result.status == PGRES_FATAL_ERROR && !cancelling else { continue }
      transactionFailure = .postgres(result, sql: nil, wasStopped: link.isStopRequested)
    }
  }

  /// Takes note of what the server refused.
  private func failure(
    _ result: PostgresResult, _ sql: String?, _ heedsInterruption: Bool
  ) throws(DatabaseError) -> DatabaseError {
    let wasStopped = heedsInterruption && link.isStopRequested
    let error = DatabaseError.postgres(result, sql: sql, wasStopped: wasStopped)
    if !link.isLost { try readToEnd(sql, heedsInterruption) }
    if isTransactionFailed { transactionFailure = error }
    if isWriter && error.kind == .readOnly { isDemoted = true }
    return error
  }
}

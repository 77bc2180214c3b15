import CPostgres
import Glibc

/// A connection of libpq, through which one command at a time goes to the server.
///
/// The thread that owns it waits for the socket and for the wish to stop together; when that comes it asks the server
/// itself to cancel, again and again until the command ends. So no cancellation is under way when the next one begins.
final class PostgresSession {
  enum Answer {
    case row(PostgresResult)
    /// The command is done; nothing more comes of it.
    case end(PostgresResult)
  }

  /// A server that did not heed a cancellation is asked anew: it may have come before the command.
  private static let cancellationInterval: Int32 = 250
  /// Rows that are cheaper to read and forget than to cancel.
  private static let cheapRows = 64

  private let handle: OpaquePointer
  private let canceller: OpaquePointer?
  private let wakeUp: PostgresWakeUp
  private let interruption: Interruption
  private var isClosed = false
  /// How long the server may say nothing; nil for as long as it takes.
  var patience: Duration?
  private let isWriter: Bool
  private var isLost = false
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
    self.interruption = interruption
    wakeUp = try PostgresWakeUp()
    handle = try PostgresConnecting(address, wakeUp, interruption).open()
    canceller = PQgetCancel(handle)
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    // Notices say what is no failure; nothing of them may reach standard error.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    let wakeUp = wakeUp
    interruption.setInterrupt { wakeUp.signal() }
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    interruption.setInterrupt(nil)
    PQfreeCancel(canceller)
    PQfinish(handle)
  }

  // MARK: State

  var isInTransaction: Bool {
    switch PQtransactionStatus(handle) {
    case PQTRANS_INTRANS, PQTRANS_INERROR: true
    case PQTRANS_ACTIVE: wasInTransaction
    default: false
    }
  }

  /// The transaction has failed and can only be rolled back.
  var isTransactionFailed: Bool { PQtransactionStatus(handle) == PQTRANS_INERROR }

  var isIdle: Bool { !isLost && !isBusy && PQtransactionStatus(handle) == PQTRANS_IDLE }

  /// Looks at the socket of an idle connection: where the server has gone, its last words and its end can be read.
  func isToBeReplaced() -> Bool {
    while isIdle && wakeUp.hasInput(PQsocket(handle)) {
      if PQconsumeInput(handle) == 0 { isLost = true }
    }
    return isLost || isDemoted
  }

  func parameterStatus(_ name: String) -> String? { PQparameterStatus(handle, name).map { String(cString: $0) } }

  // MARK: Commands

  /// Sends a command by `send`, which answers 0 when it could not be sent. What an earlier one left unread is thrown
  /// away first. In a transaction that has failed everything but its end fails in the same way.
  func begin(
    sql: String?, endsTransaction: Bool = false, _ send: (OpaquePointer) -> Int32
  ) throws(DatabaseError) {
    guard endsTransaction || !isHeld else {
      throw .misuse("a statement cannot run while rows of another are still to be read", sql: sql)
    }
    try discard(cancelling: endsTransaction)
    if isTransactionFailed, !endsTransaction, let transactionFailure { throw transactionFailure }
    transactionFailure = nil
    wasInTransaction = isInTransaction
    guard send(handle) != 0 else { throw connectionError(sql) }
    isBusy = true
  }

  /// Rows come one by one instead of all at once, until the end or `abandon`; nothing else runs meanwhile.
  func streamRows() {
    PQsetSingleRowMode(handle)
    isHeld = true
  }

  /// The rest of the rows is not wanted. Outside a transaction the command is ended at once. Inside one cancelling would
  /// end the transaction, too; the rest is thrown away when that goes on, or cancelled when it is rolled back.
  func abandon() {
    isHeld = false
    guard isBusy, !wasInTransaction else { return }
    do { try discard(cancelling: true) } catch { isLost = true }
  }

  /// The next row or the end of the command. Throws what the server refused; the command is over then.
  func next(sql: String?, heedsInterruption: Bool = true) throws(DatabaseError) -> Answer {
    guard let result = try receive(sql, heedsInterruption) else { throw connectionError(sql) }
    switch result.status {
    case PGRES_SINGLE_TUPLE: return .row(result)
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      try readToEnd(sql, heedsInterruption)
      return .end(result)
    case PGRES_FATAL_ERROR:
      let wasStopped = heedsInterruption && interruption.isRequested
      let error = DatabaseError.postgres(result, sql: sql, wasStopped: wasStopped)
      noteLoss(result)
      if !isLost { try readToEnd(sql, heedsInterruption) }
      if isTransactionFailed { transactionFailure = error }
      if isWriter && error.kind == .readOnly { isDemoted = true }
      throw error
    case PGRES_EMPTY_QUERY:
      try readToEnd(sql, heedsInterruption)
      throw .misuse("one statement is expected", sql: sql)
    default:
      // COPY, which nobody here speaks.
      isLost = true
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
    try begin(sql: script) { PQsendQuery($0, script) }
    var failure: DatabaseError?
    while let result = try receive(script, true) {
      guard failure == nil else { continue }
      switch result.status {
      case PGRES_FATAL_ERROR:
        failure = .postgres(result, sql: script, wasStopped: interruption.isRequested)
        noteLoss(result)
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        isLost = true
        throw .misuse("a script cannot copy", sql: script)
      default: break
      }
    }
    if isTransactionFailed { transactionFailure = failure }
    if let failure { throw failure }
  }

  /// Throws away what the running command still answers; a long answer may be cancelled.
  private func discard(cancelling: Bool) throws(DatabaseError) {
    isHeld = false
    guard isBusy, !isLost else { return }
    var count = 0
    while try receive(nil, true) != nil {
      count += 1
      if cancelling && count % Self.cheapRows == 0 { cancel() }
    }
  }

  // MARK: Receiving

  private func readToEnd(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) {
    isHeld = false
    while try receive(sql, heedsInterruption) != nil {}
  }

  private func receive(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) -> PostgresResult? {
    try waitForResult(sql, heedsInterruption)
    guard let result = PQgetResult(handle) else {
      isBusy = false
      return nil
    }
    return PostgresResult(result)
  }

  private func waitForResult(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) {
    let start = ContinuousClock.now
    while PQisBusy(handle) != 0 {
      let mustCancel = heedsInterruption && interruption.isRequested
      if mustCancel { cancel() }
      let pause = mustCancel ? Self.cancellationInterval : patience == nil ? -1 : 1000
      if wakeUp.wait(for: POLLIN, on: PQsocket(handle), milliseconds: pause) && PQconsumeInput(handle) == 0 {
        throw connectionError(sql)
      }
      if let patience, ContinuousClock.now - start > patience {
        isLost = true
        throw DatabaseError(kind: .unavailable, code: ETIMEDOUT, message: "the server has stopped answering", sql: sql)
      }
    }
  }

  /// Blocks until the server has passed it on, or cannot be reached.
  private func cancel() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      // Who cannot be reached cannot be stopped either; the command's own connection will tell.
      _ = PQcancel(canceller, message.baseAddress, Int32(message.count))
    }
  }

  private func noteLoss(_ result: PostgresResult) {
    if PQstatus(handle) == CONNECTION_BAD || result.severity == "FATAL" || result.severity == "PANIC" { isLost = true }
  }

  /// What libpq itself complains of: a lost connection, but for values beyond its bounds.
  private func connectionError(_ sql: String?) -> DatabaseError {
    let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    guard PQstatus(handle) == CONNECTION_BAD || isBusy else {
      return DatabaseError(kind: .constraint, code: 0, message: message.firstLine, sql: sql)
    }
    isLost = true
    return DatabaseError(kind: .unavailable, code: 0, message: message.firstLine, sql: sql)
  }
}

import CPostgres
import Glibc

/// A connection of libpq: sends, and waits for what comes.
///
/// The thread that owns it waits for the socket and for the wish to stop together; when that comes it asks the server
/// itself to cancel, again and again until the command ends. So no cancellation is under way when the next one begins.
final class PostgresLink {
  /// A server that did not heed a cancellation is asked anew: it may have come before the command.
  private static let cancellationInterval: Int32 = 250
  /// How long it may take to heed one; then the connection is given up.
  private static let cancellationPatience = Duration.seconds(5)
  /// How often a patient wait looks at the time.
  private static let patienceInterval: Int32 = 1000
  /// libpq never gives memory back, so a connection that has carried more than this is not kept.
  private static let largestKept = 32 << 20

  /// What goes to a COPY command at once, so that libpq's buffer stays small.
  private static let copiedPiece = 1 << 16

  private let handle: OpaquePointer
  private let canceller: PostgresCanceller
  private let wakeUp: PostgresWakeUp
  private let interruption: Interruption
  private var isClosed = false
  /// How long the server may say nothing; nil for as long as it takes.
  var patience: Duration?
  private(set) var isLost = false
  private(set) var isSwollen = false

  init(_ address: PostgresAddress, isWriter: Bool, interruption: Interruption) throws(DatabaseError) {
    self.interruption = interruption
    let wakeUp = try PostgresWakeUp()
    self.wakeUp = wakeUp
    interruption.setInterrupt { wakeUp.signal() }
    do {
      handle = try PostgresConnecting(address, isWriter: isWriter, wakeUp, interruption).open()
    } catch {
      interruption.setInterrupt(nil)
      throw error
    }
    canceller = PostgresCanceller(handle)
  }

  deinit { close() }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    interruption.setInterrupt(nil)
    PQfinish(handle)
  }

  var transactionStatus: PGTransactionStatusType { PQtransactionStatus(handle) }

  var isStopRequested: Bool { interruption.isRequested }

  func parameterStatus(_ name: String) -> String? { PQparameterStatus(handle, name).map { String(cString: $0) } }

  /// Reads what an idle server has said: its last words and its end, where it has gone.
  func listen() {
    while !isLost && wakeUp.hasInput(PQsocket(handle)) {
      if PQconsumeInput(handle) == 0 { isLost = true }
    }
  }

  // MARK: Sending and receiving

  /// Sends about `size` bytes by `call`, which answers less than 1 when it could not.
  func send(sql: String?, size: Int, _ call: (OpaquePointer) -> Int32) throws(DatabaseError) {
    guard call(handle) > 0 else { throw sendingError(sql) }
    if size > Self.largestKept { isSwollen = true }
  }

  /// Sends the whole of what a COPY command waits for.
  func sendCopied(_ bytes: UnsafeRawBufferPointer, sql: String) throws(DatabaseError) {
    for start in stride(from: 0, to: bytes.count, by: Self.copiedPiece) {
      let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.copiedPiece, bytes.count)])
      try send(sql: sql, size: bytes.count) { handle in
        PQputCopyData(handle, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count))
      }
    }
    try send(sql: sql, size: 0) { PQputCopyEnd($0, nil) }
  }

  /// For a connection on which something goes on that nobody here speaks.
  func giveUp() { isLost = true }

  /// Rows of the command that was sent come one by one instead of all at once.
  func streamRows() { PQsetSingleRowMode(handle) }

  /// Waits for the next result; nil when there is none any more.
  func receive(sql: String?, heedsInterruption: Bool) throws(DatabaseError) -> PostgresResult? {
    if PQisBusy(handle) != 0 { try wait(sql, heedsInterruption) }
    guard let result = PQgetResult(handle).map({ PostgresResult($0) }) else { return nil }
    if result.size > Self.largestKept { isSwollen = true }
    if result.status == PGRES_FATAL_ERROR,
      PQstatus(handle) == CONNECTION_BAD || result.severity == "FATAL" || result.severity == "PANIC"
    {
      isLost = true
    }
    return result
  }

  /// Asks the server to end the command. Blocks until it was told, or cannot be reached; one that hangs loses the
  /// connection.
  func cancel() {
    if !canceller.cancel(within: Self.cancellationPatience) { isLost = true }
  }

  private func wait(_ sql: String?, _ heedsInterruption: Bool) throws(DatabaseError) {
    let deadline = patience.map { ContinuousClock.now + $0 }
    var stopDeadline: ContinuousClock.Instant?
    repeat {
      let mustCancel = heedsInterruption && interruption.isRequested
      if mustCancel {
        let limit = stopDeadline ?? ContinuousClock.now + Self.cancellationPatience
        stopDeadline = limit
        cancel()
        if ContinuousClock.now > limit { isLost = true }
        if isLost { throw .cancelled }
      }
      let pause = mustCancel ? Self.cancellationInterval : deadline == nil ? -1 : Self.patienceInterval
      if wakeUp.wait(for: POLLIN, on: PQsocket(handle), milliseconds: pause) && PQconsumeInput(handle) == 0 {
        isLost = true
        throw DatabaseError(kind: .unavailable, code: 0, message: lastMessage, sql: sql)
      }
      if let deadline, ContinuousClock.now > deadline {
        isLost = true
        throw DatabaseError(kind: .unavailable, code: ETIMEDOUT, message: "the server has stopped answering", sql: sql)
      }
    } while PQisBusy(handle) != 0
  }

  /// The connection is lost, or else what was to be sent is beyond libpq's bounds.
  private func sendingError(_ sql: String?) -> DatabaseError {
    isLost = PQstatus(handle) == CONNECTION_BAD
    return DatabaseError(kind: isLost ? .unavailable : .constraint, code: 0, message: lastMessage, sql: sql)
  }

  private var lastMessage: String { PQerrorMessage(handle).map { String(cString: $0).firstLine } ?? "" }
}

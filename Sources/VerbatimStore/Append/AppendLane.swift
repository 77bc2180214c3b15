import Databases
import Synchronization
import VerbatimModel

/// Group commit on one connection: whoever comes queues, the connection takes whatever waits and commits it as one
/// transaction, then every caller is answered. No artificial delay: a batch grows while the one before it is being
/// committed.
final class AppendLane: Sendable {
  /// Writes a batch as one transaction. The flag: it may have been written by an attempt that ended without an answer.
  typealias Commit = @Sendable (isolated Connection, [PendingExchange], Bool) throws -> [Store.Receipt]

  /// How long a caller waits for room in the queue before it is told to come again.
  private static let queuePatience: Duration = .seconds(5)
  private static let fewCallers = 2

  struct Entry: Sendable {
    let pending: PendingExchange
    let completion: AppendCompletion
  }

  /// What one caller gave at once; it enters the queue whole.
  private struct Submission: Sendable {
    let entries: [Entry]
    let size: Int

    init(_ entries: [Entry]) {
      self.entries = entries
      size = entries.reduce(0) { $0 + $1.pending.size }
    }
  }

  private struct State {
    var queue: AppendQueue<Entry>
    /// What waits for room in the queue, oldest first.
    var waiting: [(number: Int, submission: Submission)] = []
    var nextNumber = 0
    var isWriting = false
    var isClosed = false
    /// The batch under way was given up, since the server says nothing; who comes now would wait for the same.
    var isStalled = false
    /// Why the last batch could not be written, and when; nil once one could.
    var lastFailure: WriteFailure?
    /// Whoever waits for everything to be written.
    var closing: [CheckedContinuation<Void, Never>] = []

    mutating func push(_ submission: Submission) {
      for entry in submission.entries { queue.push(entry, size: entry.pending.size) }
    }

    mutating func nextBatch() -> [Entry] {
      while let first = waiting.first, queue.hasRoom(for: first.submission.size) {
        push(waiting.removeFirst().submission)
      }
      return queue.takeBatch()
    }
  }

  private let connection: Connection
  private let dialect: Dialect
  private let patience: Duration
  private let answerPatience: Duration?
  private let log: Log
  private let commitBatch: Commit
  private let onHanging: @Sendable (Bool) -> Void
  private let state: Mutex<State>

  /// `onHanging` hears when the server is found to hang, and when that is over.
  init(
    connection: Connection, dialect: Dialect, limits: AppendLimits, log: Log,
    onHanging: @escaping @Sendable (Bool) -> Void, commit: @escaping Commit
  ) {
    self.connection = connection
    self.dialect = dialect
    self.log = log
    commitBatch = commit
    self.onHanging = onHanging
    patience = limits.patience
    answerPatience = limits.answerPatience
    state = Mutex(State(queue: AppendQueue(limits: limits)))
  }

  /// Why and when the last batch could not be written; nil when it could.
  var lastFailure: WriteFailure? { state.withLock { $0.lastFailure } }

  func clearFailure() { state.withLock { $0.lastFailure = nil } }

  /// Takes no more, and returns when everything that was queued is written.
  func close() async {
    await withCheckedContinuation { continuation in
      let isIdle: Bool = state.withLock { state in
        state.isClosed = true
        if state.isWriting { state.closing.append(continuation) }
        return !state.isWriting
      }
      if isIdle { continuation.resume() }
    }
  }

  private enum Admission { case refused, stalled, queued, mustWrite, waiting(number: Int) }

  /// Takes entries that one caller gave at once; each is told how it fared.
  func submit(_ entries: [Entry]) {
    let submission = Submission(entries)
    let admission: Admission = state.withLock { state in
      guard !state.isClosed else { return .refused }
      guard !state.isStalled else { return .stalled }
      guard state.waiting.isEmpty, state.queue.hasRoom(for: submission.size) else {
        state.nextNumber += 1
        state.waiting.append((state.nextNumber, submission))
        return .waiting(number: state.nextNumber)
      }
      state.push(submission)
      defer { state.isWriting = true }
      return state.isWriting ? .queued : .mustWrite
    }
    switch admission {
    case .queued: break
    case .mustWrite: Task.detached { await self.write() }
    case .refused: submission.entries.fail(with: .closing)
    case .stalled: submission.entries.fail(with: .noAnswer)
    case .waiting(let number): giveUp(number, after: Self.queuePatience)
    }
  }

  private func giveUp(_ number: Int, after patience: Duration) {
    Task.detached {
      // Cancelling would only end the wait early; nobody cancels this task.
      try? await Task.sleep(for: patience)
      let submission: Submission? = self.state.withLock { state in
        guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
        return state.waiting.remove(at: index).submission
      }
      submission?.entries.fail(with: .queueFull)
    }
  }

  /// Writes batch after batch until nothing waits.
  private func write() async {
    while true {
      let (batch, closing): ([Entry], [CheckedContinuation<Void, Never>]) = state.withLock { state in
        let batch: [Entry] = state.nextBatch()
        guard batch.isEmpty else { return (batch, []) }
        state.isWriting = false
        defer { state.closing = [] }
        return ([], state.closing)
      }
      guard !batch.isEmpty else {
        for continuation in closing { continuation.resume() }
        return
      }
      await write(batch[...])
      if !dialect.isServer { await checkpoint() }
    }
  }

  /// After the callers were answered, so that none of them waits for it.
  private func checkpoint() async {
    do {
      try await connection.runToEnd { connection in try connection.checkpointIfNeeded() }
    } catch let error as DatabaseError where error.kind == .full {
      // Whoever appends is told.
    } catch {
      log.warning("MES checkpoint failed", ["error": "\(error)"])
    }
  }

  /// Commits a batch and answers its callers. It is tried again where that may help; where an exchange in it cannot be
  /// stored, it is split until only that one fails. A server that was away at the last attempt is not waited for again.
  private func write(_ batch: ArraySlice<Entry>, mayBeStored: Bool = false) async {
    let patience: Duration = lastFailure == nil ? patience : .zero
    var attempts = CommitAttempts(isServer: dialect.isServer, patience: patience, mayBeStored: mayBeStored)
    while let error = await commit(batch, mayBeStored: attempts.mayBeStored) {
      switch attempts.action(after: error, batchCount: batch.count, jitter: .random(in: 0...1)) {
      case .again(let pause):
        log.info("MES append is tried again", ["exchanges": "\(batch.count)", "error": "\(error)"])
        // Cancelling would only end the wait early; nobody cancels this task.
        try? await Task.sleep(for: pause)
      case .split:
        let middle: Int = batch.startIndex + batch.count / 2
        await write(batch[..<middle], mayBeStored: attempts.mayBeStored)
        await write(batch[middle...], mayBeStored: attempts.mayBeStored)
        return
      case .giveUp:
        return fail(batch, with: StoreError(error))
      }
    }
  }

  /// Answers the callers from the connection's thread already, so that they set out at once. Gives why it could not be
  /// committed; nobody was answered then.
  private func commit(_ batch: ArraySlice<Entry>, mayBeStored: Bool) async -> (any Error)? {
    let flight = AppendFlight(batch)
    let watch: Task<Void, Never>? = answerPatience.map { self.watch(flight, for: $0) }
    defer {
      watch?.cancel()
      // No watch gives this flight up any more, for it has landed or was given up before.
      let wasStalled: Bool = state.withLock { state in
        defer { state.isStalled = false }
        return state.isStalled
      }
      if wasStalled { onHanging(false) }
    }
    do {
      try await connection.runToEnd { connection in
        let receipts: [Store.Receipt] = try self.commitBatch(connection, batch.map(\.pending), mayBeStored)
        guard flight.land() else { return }
        self.clearFailure()
        self.complete(batch, receipts, on: connection)
      }
      return nil
    } catch {
      return flight.land() ? error : nil
    }
  }

  /// A few callers go on here, so that no other thread has to wake up for them; of more, the next batch would wait.
  private func complete(
    _ batch: ArraySlice<Entry>, _ receipts: [Store.Receipt], on connection: isolated Connection
  ) {
    let tell: () -> Void = {
      for (entry, receipt) in zip(batch, receipts) { entry.completion.complete(.success(receipt)) }
    }
    if batch.count <= Self.fewCallers { connection.lettingGoOn(tell) } else { tell() }
  }

  /// Gives a flight up when the server has said nothing for too long, and with it whoever waits behind it.
  private func watch(_ flight: AppendFlight, for patience: Duration) -> Task<Void, Never> {
    Task.detached {
      // Fails when the flight is over.
      guard (try? await Task.sleep(for: patience)) != nil, self.giveUp(flight) else { return }
      self.fail(flight.entries, with: .noAnswer)
      while true {
        let waiting: [Entry] = self.state.withLock { $0.queue.takeBatch() }
        if waiting.isEmpty { break }
        self.fail(waiting[...], with: .noAnswer)
      }
    }
  }

  private func giveUp(_ flight: AppendFlight) -> Bool {
    state.withLock { state in
      guard flight.giveUp() else { return false }
      state.isStalled = true
      onHanging(true)
      return true
    }
  }

  private func fail(_ batch: ArraySlice<Entry>, with failure: StoreError) {
    if case .unavailable(let reason, _) = failure {
      state.withLock { $0.lastFailure = WriteFailure(reason: reason, time: .now) }
    }
    log.error("MES append failed", ["exchanges": "\(batch.count)", "error": "\(failure)"])
    for entry in batch { entry.completion.complete(.failure(failure)) }
  }
}

/// A batch that the database did not take.
struct WriteFailure: Sendable {
  let reason: String
  let time: ContinuousClock.Instant
}

extension [AppendLane.Entry] {
  fileprivate func fail(with error: StoreError) {
    for entry in self { entry.completion.complete(.failure(error)) }
  }
}

extension StoreError {
  fileprivate static let queueFull = StoreError.unavailable(
    reason: "too many exchanges wait to be written", retryAfter: .seconds(1))
  fileprivate static let noAnswer = StoreError.unavailable(
    reason: "the database server does not answer", retryAfter: .seconds(5))
  fileprivate static let closing = StoreError.unavailable(reason: "the server is stopping", retryAfter: .seconds(5))
}

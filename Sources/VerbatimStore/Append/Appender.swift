import Databases
import Synchronization
import VerbatimModel

/// Group commit: callers queue, one writer takes whatever waits and commits it as one transaction, then every caller is
/// resumed with its receipt. No artificial delay: a batch grows while the one before it is being committed.
///
/// A caller that goes away does not take its exchange with it: what was queued is written.
final class Appender: Sendable {
  typealias Outcome = Result<Store.Receipt, StoreError>

  /// How long a caller waits for room in the queue before it is told to come again.
  static let patience: Duration = .seconds(5)

  fileprivate struct Entry: Sendable {
    let pending: PendingExchange
    let completion: Completion
  }

  /// What one caller gave at once; it enters the queue whole.
  private struct Submission: Sendable {
    let entries: [Entry]
    let size: Int
  }

  private struct State {
    var queue: AppendQueue<Entry>
    /// What waits for room in the queue, oldest first.
    var waiting: [(number: Int, submission: Submission)] = []
    var nextNumber = 0
    var isWriting = false
    var isClosed = false
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
  private let log: Log
  private let state: Mutex<State>

  init(connection: Connection, limits: AppendLimits, log: Log) {
    self.connection = connection
    self.log = log
    state = Mutex(State(queue: AppendQueue(limits: limits)))
  }

  /// Why and when the last batch could not be written; nil when it could.
  var lastFailure: WriteFailure? { state.withLock { $0.lastFailure } }

  func clearFailure() { state.withLock { $0.lastFailure = nil } }

  /// Answers when the exchange is durable, or is known not to be stored.
  func append(_ pending: PendingExchange) async -> Outcome {
    await withUnsafeContinuation { continuation in
      let entry = Entry(pending: pending, completion: .single(continuation))
      submit(Submission(entries: [entry], size: pending.size))
    }
  }

  /// Answers in order when each is durable, or is known not to be stored.
  func append(_ group: [PendingExchange]) async -> [Outcome] {
    guard !group.isEmpty else { return [] }
    return await withUnsafeContinuation { continuation in
      let results = GroupResults(count: group.count, continuation: continuation)
      let entries: [Entry] = group.enumerated().map { index, pending in
        Entry(pending: pending, completion: .member(results, index: index))
      }
      submit(Submission(entries: entries, size: group.reduce(0) { $0 + $1.size }))
    }
  }

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

  private enum Admission { case refused, queued, mustWrite, waiting(number: Int) }

  private func submit(_ submission: Submission) {
    let admission: Admission = state.withLock { state in
      guard !state.isClosed else { return .refused }
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
    case .waiting(let number): giveUp(number, after: Self.patience)
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
      do {
        try await connection.runToEnd { connection in self.write(batch[...], on: connection) }
      } catch {
        // The body above throws nothing: that `runToEnd` threw says that it never ran, and nobody was answered.
        batch.fail(with: StoreError(error))
      }
      await checkpoint()
    }
  }

  /// After the callers were answered, so that none of them waits for it.
  private func checkpoint() async {
    do {
      try await connection.runToEnd { connection in try connection.checkpointIfNeeded() }
    } catch {
      log.warning("MES checkpoint failed", ["error": "\(error)"])
    }
  }

  /// Commits a batch; where an exchange in it cannot be stored, the batch is split until only that one fails.
  private func write(_ batch: ArraySlice<Entry>, on connection: isolated Connection) {
    do {
      let receipts: [Store.Receipt] = try connection.commit(batch.map(\.pending))
      clearFailure()
      for (entry, receipt) in zip(batch, receipts) { entry.completion.complete(.success(receipt)) }
    } catch let error as DatabaseError where error.kind.mayConcernOneExchange && batch.count > 1 {
      let middle: Int = batch.startIndex + batch.count / 2
      write(batch[..<middle], on: connection)
      write(batch[middle...], on: connection)
    } catch {
      let failure = StoreError(error)
      if case .unavailable(let reason, _) = failure {
        state.withLock { $0.lastFailure = WriteFailure(reason: reason, time: .now) }
      }
      log.error("MES append failed", ["exchanges": "\(batch.count)", "error": "\(failure)"])
      for entry in batch { entry.completion.complete(.failure(failure)) }
    }
  }
}

/// A batch that the database did not take.
struct WriteFailure: Sendable {
  let reason: String
  let time: ContinuousClock.Instant
}

// MARK: - Answering

/// Whom to tell how an exchange fared; told once.
fileprivate enum Completion: Sendable {
  case single(UnsafeContinuation<Appender.Outcome, Never>)
  case member(GroupResults, index: Int)

  func complete(_ outcome: Appender.Outcome) {
    switch self {
    case .single(let continuation): continuation.resume(returning: outcome)
    case .member(let results, let index): results.set(outcome, at: index)
    }
  }
}

/// Collects the outcomes of a group and resumes its caller with the last one.
fileprivate final class GroupResults: Sendable {
  private let state: Mutex<(outcomes: [Appender.Outcome?], missing: Int)>
  private let continuation: UnsafeContinuation<[Appender.Outcome], Never>

  init(count: Int, continuation: UnsafeContinuation<[Appender.Outcome], Never>) {
    state = Mutex((Array(repeating: nil, count: count), count))
    self.continuation = continuation
  }

  func set(_ outcome: Appender.Outcome, at index: Int) {
    let outcomes: [Appender.Outcome]? = state.withLock { state in
      state.outcomes[index] = outcome
      state.missing -= 1
      return state.missing == 0 ? state.outcomes.compactMap(\.self) : nil
    }
    if let outcomes { continuation.resume(returning: outcomes) }
  }
}

extension [Appender.Entry] {
  fileprivate func fail(with error: StoreError) {
    for entry in self { entry.completion.complete(.failure(error)) }
  }
}

extension StoreError {
  fileprivate static let queueFull = StoreError.unavailable(
    reason: "too many exchanges wait to be written", retryAfter: .seconds(1))
  fileprivate static let closing = StoreError.unavailable(reason: "the server is stopping", retryAfter: .seconds(5))
}

extension DatabaseError.Kind {
  /// Whether leaving one exchange out may help.
  fileprivate var mayConcernOneExchange: Bool {
    switch self {
    case .constraint, .statement: true
    case .unavailable, .conflict, .full, .readOnly, .corrupt, .cancelled: false
    }
  }
}

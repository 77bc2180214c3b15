import Synchronization

/// A bounded number of resources, opened when first needed, lent to one task at a time.
final class Pool<Resource: Sendable>: Sendable {
  typealias Instant = ContinuousClock.Instant

  private enum Grant {
    case loan(Loan<Resource>)
    case mayOpen
    case none(DatabaseError)
  }

  private typealias Waiter = @Sendable (Grant) -> Void

  private struct State {
    var line: WaitingLine<Resource, Waiter>
    var lastNumber: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
    /// Sleeps until something expires.
    var sweep: (task: Task<Void, Never>, due: Instant)?

    mutating func closersWhenIdle() -> [CheckedContinuation<Void, Never>] {
      guard line.isClosed && line.opened == 0 else { return [] }
      defer { closers = [] }
      return closers
    }
  }

  private let limits: PoolLimits
  private let state: Mutex<State>
  private let open: @Sendable () throws -> Resource
  private let discard: @Sendable (Resource) -> Void
  private let clock: @Sendable () -> Instant
  /// Stands in where nothing asks for the time.
  private let start: Instant

  /// `discard` hears of each resource that nobody is to use any more, but for those that `close` answers.
  init(
    _ limits: PoolLimits, clock: @escaping @Sendable () -> Instant = { .now },
    open: @escaping @Sendable () throws -> Resource, discard: @escaping @Sendable (Resource) -> Void = { _ in }
  ) {
    self.limits = limits
    self.clock = clock
    self.open = open
    self.discard = discard
    start = clock()
    state = Mutex(State(line: WaitingLine(limits)))
  }

  var statistics: PoolStatistics { state.withLock { $0.line.statistics } }
  var waitingCount: Int { state.withLock { $0.line.waitingCount } }

  private var now: Instant { limits.areTimed ? clock() : start }

  /// Waits for a resource. A cancelled task leaves the line at once, unless it `waitsToEnd`.
  func acquire(waitsToEnd: Bool = false) async throws -> Loan<Resource> {
    if !waitsToEnd && Task.isCancelled { throw DatabaseError.cancelled }
    let number = drawNumber()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        lend(number) { continuation.resume(with: $0) }
        // A cancellation before the place was taken has found nobody to turn away.
        if !waitsToEnd && Task.isCancelled { giveUp(number) }
      }
    } onCancel: {
      if !waitsToEnd { giveUp(number) }
    }
  }

  /// For `lend` and `giveUp`.
  func drawNumber() -> UInt64 {
    state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
  }

  /// As `acquire`, without a task that waits: `use` is called at once, or later by whoever gives a resource back, and
  /// must be short.
  func lend(_ number: UInt64, to use: @escaping @Sendable (Result<Loan<Resource>, any Error>) -> Void) {
    let now = now
    let waiter: Waiter = { grant in
      switch grant {
      case .loan(let loan): use(.success(loan))
      case .mayOpen: use(Result { try self.openOne() })
      case .none(let error): use(.failure(error))
      }
    }
    let grant: Grant? = state.withLock { state in
      switch state.line.arrive() {
      case .take(let loan): return .loan(loan)
      case .open: return .mayOpen
      case .refuse: return .none(.tooManyWait)
      case .closed: return .none(.closed)
      case .wait:
        state.line.enter(waiter, number: number, at: now)
        return nil
      }
    }
    if let grant {
      waiter(grant)
    } else if limits.areTimed {
      sweepInTime()
    }
  }

  /// Leaves the line; `use` hears that it was cancelled, unless it has got its resource.
  func giveUp(_ number: UInt64) {
    state.withLock { $0.line.leave(number: number) }?(.none(.cancelled))
  }

  func release(_ loan: Loan<Resource>) {
    let now = now
    let (outcome, closers) = state.withLock { state in
      let outcome = state.line.giveBack(loan, at: now)
      return (outcome, state.closersWhenIdle())
    }
    switch outcome {
    case .hand(let waiter): waiter(.loan(loan))
    case .keep: if limits.areTimed { sweepInTime() }
    case .close: discard(loan.resource)
    case .replace(let waiter):
      discard(loan.resource)
      waiter(.mayOpen)
    }
    for closer in closers { closer.resume() }
  }

  /// Turns waiters away, waits until everything lent is back, and answers the resources that were free.
  func close() async -> [Resource] {
    let (waiters, free, sweep) = state.withLock { state in
      let (waiters, free) = state.line.close()
      return (waiters, free, state.sweep)
    }
    sweep?.task.cancel()
    for waiter in waiters { waiter(.none(.closed)) }
    await withCheckedContinuation { continuation in
      let closers = state.withLock { state in
        state.closers.append(continuation)
        return state.closersWhenIdle()
      }
      for closer in closers { closer.resume() }
    }
    return free
  }

  /// Closes what is too old or idle for too long, turns away whose patience is over, and opens another one for who has
  /// waited for long enough.
  func sweep() {
    let now = now
    let expired = state.withLock { state in
      state.sweep = nil
      return state.line.expire(at: now)
    }
    for resource in expired.spent { discard(resource) }
    for waiter in expired.impatient { waiter(.none(.waitedTooLong)) }
    for waiter in expired.opening { waiter(.mayOpen) }
    sweepInTime()
  }

  /// Sees to it that `sweep` runs when the next thing expires.
  private func sweepInTime() {
    state.withLock { state in
      guard !state.line.isClosed, let due = state.line.nextExpiry() else { return }
      if let planned = state.sweep, planned.due <= due { return }
      state.sweep?.task.cancel()
      let task = Task.detached { [weak self] in
        // Sleeping fails only when another sweep has taken this one's place, or the pool is closed.
        guard (try? await Task.sleep(until: due, clock: .continuous)) != nil else { return }
        self?.sweep()
      }
      state.sweep = (task, due)
    }
  }

  private func openOne() throws -> Loan<Resource> {
    do {
      return Loan(resource: try open(), openedAt: now)
    } catch {
      let now = now
      let (waiter, closers) = state.withLock { state in
        let waiter = state.line.fail(at: now)
        return (waiter, state.closersWhenIdle())
      }
      waiter?(.mayOpen)
      for closer in closers { closer.resume() }
      throw error
    }
  }
}

extension DatabaseError {
  fileprivate static let tooManyWait = DatabaseError(
    kind: .unavailable, code: 0, message: "too many wait for a connection")
  fileprivate static let waitedTooLong = DatabaseError(
    kind: .unavailable, code: 0, message: "every connection was busy for too long")
}

import Synchronization

/// A bounded number of resources, opened when first needed, lent to one task at a time.
final class Pool<Resource: Sendable>: Sendable {
  private enum Grant {
    case resource(Resource)
    case mayOpen
  }

  private typealias Waiter = CheckedContinuation<Grant, any Error>

  private struct State {
    var line: WaitingLine<Resource, Waiter>
    var lastNumber: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []

    mutating func closersWhenIdle() -> [CheckedContinuation<Void, Never>] {
      guard line.isClosed && line.opened == 0 else { return [] }
      defer { closers = [] }
      return closers
    }
  }

  private let state: Mutex<State>
  private let open: @Sendable () throws -> Resource

  init(capacity: Int, open: @escaping @Sendable () throws -> Resource) {
    state = Mutex(State(line: WaitingLine(capacity: capacity)))
    self.open = open
  }

  var waitingCount: Int { state.withLock { $0.line.waitingCount } }
  var openedCount: Int { state.withLock { $0.line.opened } }

  /// Waits for a resource. A cancelled task leaves the line at once, unless it `waitsToEnd`.
  func acquire(waitsToEnd: Bool = false) async throws -> Resource {
    if !waitsToEnd && Task.isCancelled { throw DatabaseError.cancelled }
    switch state.withLock({ $0.line.arrive() }) {
    case .take(let resource): return resource
    case .open: return try openOne()
    case .closed: throw DatabaseError.closed
    case .wait:
      switch try await wait(toEnd: waitsToEnd) {
      case .resource(let resource): return resource
      case .mayOpen: return try openOne()
      }
    }
  }

  func release(_ resource: Resource) {
    let (waiter, closers) = state.withLock { state in
      let waiter = state.line.giveBack(resource)
      return (waiter, state.closersWhenIdle())
    }
    waiter?.resume(returning: .resource(resource))
    for closer in closers { closer.resume() }
  }

  /// Turns waiters away, waits until everything lent is back, and answers the resources that were free.
  func close() async -> [Resource] {
    let (waiters, free) = state.withLock { $0.line.close() }
    for waiter in waiters { waiter.resume(throwing: DatabaseError.closed) }
    await withCheckedContinuation { continuation in
      let closers = state.withLock { state in
        state.closers.append(continuation)
        return state.closersWhenIdle()
      }
      for closer in closers { closer.resume() }
    }
    return free
  }

  private func openOne() throws -> Resource {
    do {
      return try open()
    } catch {
      let (waiter, closers) = state.withLock { state in
        let waiter = state.line.fail()
        return (waiter, state.closersWhenIdle())
      }
      waiter?.resume(returning: .mayOpen)
      for closer in closers { closer.resume() }
      throw error
    }
  }

  private func wait(toEnd waitsToEnd: Bool) async throws -> Grant {
    let number = state.withLock { state in
      state.lastNumber += 1
      return state.lastNumber
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        enter(continuation, number: number, waitsToEnd: waitsToEnd)
      }
    } onCancel: {
      guard !waitsToEnd else { return }
      state.withLock { $0.line.leave(number: number) }?.resume(throwing: DatabaseError.cancelled)
    }
  }

  /// Looks again, since a resource may have come back and the task may have been cancelled before it was in the line.
  private func enter(_ waiter: Waiter, number: UInt64, waitsToEnd: Bool) {
    let grant: Result<Grant, DatabaseError>? = state.withLock { state in
      if !waitsToEnd && Task.isCancelled { return .failure(.cancelled) }
      switch state.line.arrive() {
      case .take(let resource): return .success(.resource(resource))
      case .open: return .success(.mayOpen)
      case .closed: return .failure(.closed)
      case .wait:
        state.line.enter(waiter, number: number)
        return nil
      }
    }
    switch grant {
    case .success(let grant): waiter.resume(returning: grant)
    case .failure(let error): waiter.resume(throwing: error)
    case nil: break
    }
  }
}

import Glibc
import Synchronization

/// How long somebody waits for what may never end: a call to a server that hangs.
package struct Patience: Sendable {
  private let limit: Duration

  package init(_ limit: Duration) { self.limit = limit }

  /// Throws `DatabaseError`, unavailable with the code ETIMEDOUT, when it takes longer, and the cancellation as soon as
  /// the task is cancelled. `work` is cancelled then, too; where it does not heed that it goes on, heard by nobody.
  package func result<Value: Sendable>(
    of work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let outcome = Outcome<Value>()
    let worker = Task {
      do { outcome.settle(.success(try await work())) } catch { outcome.settle(.failure(error)) }
    }
    let clock = Task {
      do { try await Task.sleep(for: limit) } catch { return }
      outcome.settle(.failure(DatabaseError.noAnswer))
    }
    defer {
      worker.cancel()
      clock.cancel()
    }
    return try await withTaskCancellationHandler {
      try await outcome.value()
    } onCancel: {
      outcome.settle(.failure(DatabaseError.cancelled))
    }
  }
}

/// The first end that something comes to.
private final class Outcome<Value: Sendable>: Sendable {
  private enum State {
    case pending
    case awaited(CheckedContinuation<Value, any Error>)
    case settled(Result<Value, any Error>)
  }

  private let state = Mutex(State.pending)

  /// Only the first one counts.
  func settle(_ result: Result<Value, any Error>) {
    let waiter: CheckedContinuation<Value, any Error>? = state.withLock { state in
      switch state {
      case .settled: return nil
      case .pending:
        state = .settled(result)
        return nil
      case .awaited(let waiter):
        state = .settled(result)
        return waiter
      }
    }
    waiter?.resume(with: result)
  }

  /// To be asked once.
  func value() async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let known: Result<Value, any Error>? = state.withLock { state in
        if case .settled(let result) = state { return result }
        state = .awaited(continuation)
        return nil
      }
      if let known { continuation.resume(with: known) }
    }
  }
}

extension DatabaseError {
  static let noAnswer = DatabaseError(
    kind: .unavailable, code: ETIMEDOUT, message: "the database server does not answer")

  /// Whether somebody lost patience with it.
  package var isNoAnswer: Bool { kind == .unavailable && code == ETIMEDOUT && message == Self.noAnswer.message }
}

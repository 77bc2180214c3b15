import Synchronization

/// Work that waits for a connection or runs on one, so that it can be called off either way.
final class ConnectionCall: Sendable {
  private enum State {
    case waiting
    case running(interrupt: @Sendable () -> Void)
    case cancelled
  }

  private let state = Mutex(State.waiting)

  /// On the connection's thread; false when it was called off before.
  func begin(interrupt: @escaping @Sendable () -> Void) -> Bool {
    state.withLock { state in
      if case .cancelled = state { return false }
      state = .running(interrupt: interrupt)
      return true
    }
  }

  /// `interrupt` finds nothing to stop where the work has ended.
  func cancel() {
    let interrupt: (@Sendable () -> Void)? = state.withLock { state in
      defer { state = .cancelled }
      if case .running(let interrupt) = state { return interrupt }
      return nil
    }
    interrupt?()
  }
}

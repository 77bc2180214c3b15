import Synchronization

/// How long a call is seen through after its client has gone, which shows as the cancellation of the task that makes it.
final class ReadingOn: Sendable {
  private let patience: Duration
  /// From the first cancellation that was heard of.
  private let end = Mutex<ContinuousClock.Instant?>(nil)

  init(for patience: Duration) { self.patience = patience }

  /// Whether what was waited for has been cut.
  var isOver: Bool { end.withLock { $0.map { $0 <= .now } ?? false } }

  /// Waits in `body`, which is deaf to cancellation; `cut` ends the wait when the time is over.
  func wait<Result>(_ body: () async throws -> Result, cut: @escaping @Sendable () -> Void) async rethrows -> Result {
    let timer = CutTimer()
    defer { timer.stop() }
    return try await withTaskCancellationHandler(operation: body) {
      timer.start(at: begin(), cut)
    }
  }

  private func begin() -> ContinuousClock.Instant {
    end.withLock { end in
      let known = end ?? .now + patience
      end = known
      return known
    }
  }
}

/// Cuts one wait short, unless it has ended before.
private final class CutTimer: Sendable {
  private struct State {
    var task: Task<Void, Never>?
    var isStopped = false
  }

  private let state = Mutex(State())

  func start(at end: ContinuousClock.Instant, _ cut: @escaping @Sendable () -> Void) {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.task = Task.detached {
        do { try await Task.sleep(until: end, clock: .continuous) } catch { return }
        cut()
      }
    }
  }

  func stop() {
    state.withLock { state in
      state.isStopped = true
      state.task?.cancel()
    }
  }
}

import Synchronization

/// Carries a cancelled task's wish to stop to the statement that runs for it, and never to the next one.
///
/// A task draws a ticket before it queues. Cancelling stops the engine only while that ticket is the one at work; a
/// task that was cancelled earlier learns so from `Task.isCancelled` when its turn comes, for the runtime sets that
/// before it calls the handler.
final class Interruption: Sendable {
  typealias Ticket = UInt64

  private struct State {
    var running: Ticket?
    var isShielded = false
    /// Cancelled before or while shielded: asks again afterwards.
    var isPending = false
    var interrupt: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())
  private let requested = Atomic<Bool>(false)
  private let lastTicket = Atomic<Ticket>(0)

  /// Whether the work at hand is to stop. A driver polls it from inside long statements, since an engine's own
  /// interrupt may fall between two statements and be forgotten.
  var isRequested: Bool { requested.load(ordering: .relaxed) }

  func drawTicket() -> Ticket { lastTicket.wrappingAdd(1, ordering: .relaxed).newValue }

  /// How to stop the engine from another thread; nil when it is closed. Called under the lock, so it must be short.
  func setInterrupt(_ interrupt: (@Sendable () -> Void)?) {
    state.withLock { $0.interrupt = interrupt }
  }

  /// Whether there is an engine to stop.
  var reachesEngine: Bool { state.withLock { $0.interrupt != nil } }

  func begin(_ ticket: Ticket) {
    state.withLock { $0.running = ticket }
  }

  func end() {
    state.withLock { state in
      state.running = nil
      requested.store(false, ordering: .relaxed)
    }
  }

  func cancel(_ ticket: Ticket) {
    state.withLock { state in
      guard state.running == ticket else { return }
      if state.isShielded {
        state.isPending = true
      } else {
        requested.store(true, ordering: .relaxed)
        state.interrupt?()
      }
    }
  }

  /// Runs what must not be stopped half-way: a rollback.
  func shielded<Result>(_ body: () -> Result) -> Result {
    state.withLock { state in
      state.isShielded = true
      state.isPending = requested.exchange(false, ordering: .relaxed)
    }
    defer {
      state.withLock { state in
        state.isShielded = false
        requested.store(state.isPending, ordering: .relaxed)
      }
    }
    return body()
  }
}

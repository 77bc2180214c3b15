import Foundation
import Synchronization

/// Opens once; blocking code waits for it, and so do tasks.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

  func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    semaphore.signal()
    for waiter in waiters { waiter.resume() }
  }

  /// Blocks the calling thread: for use on a connection's own.
  func wait() {
    semaphore.wait()
    semaphore.signal()
  }

  func opened() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }
}

import HTTP
import Synchronization

/// The calls that are under way, so that a server that stops can see each recorded, also those whose clients have gone.
package final class CallRegistry: Sendable {
  private struct State {
    var answers: [Int: IncomingAnswer] = [:]
    var running = 0
    var lastNumber = 0
    var isStopping = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  init() {}

  /// A call counts as under way until nobody holds its token any more.
  func begin() -> CallToken {
    let number = state.withLock { state in
      state.running += 1
      state.lastNumber += 1
      return state.lastNumber
    }
    return CallToken(number, of: self)
  }

  /// Cuts what is still being read, and returns when everything of it is recorded.
  package func stop() async {
    let answers = state.withLock { state in
      state.isStopping = true
      return Array(state.answers.values)
    }
    for answer in answers { answer.cancel() }
    await becomeIdle()
  }

  /// Returns when no call is under way.
  package func becomeIdle() async {
    await withCheckedContinuation { continuation in
      let isDone = state.withLock { state in
        if state.running > 0 { state.waiters.append(continuation) }
        return state.running == 0
      }
      if isDone { continuation.resume() }
    }
  }

  fileprivate func note(_ answer: IncomingAnswer, for number: Int) {
    let isStopping = state.withLock { state in
      state.answers[number] = answer
      return state.isStopping
    }
    if isStopping { answer.cancel() }
  }

  fileprivate func end(_ number: Int) {
    let waiters = state.withLock { state in
      state.answers[number] = nil
      state.running -= 1
      guard state.running == 0 else { return [] as [CheckedContinuation<Void, Never>] }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume() }
  }
}

/// One call that is under way.
final class CallToken: Sendable {
  private let number: Int
  private let registry: CallRegistry

  fileprivate init(_ number: Int, of registry: CallRegistry) {
    self.number = number
    self.registry = registry
  }

  deinit { registry.end(number) }

  /// What is read for it, and cut short when the server stops.
  func reads(_ answer: IncomingAnswer) { registry.note(answer, for: number) }
}

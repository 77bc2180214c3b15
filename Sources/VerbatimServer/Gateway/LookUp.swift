import Synchronization

/// A look at a database that goes on beside a call and is waited for only so long, since a database that hangs may never
/// answer.
final class LookUp<Answer: Sendable>: Sendable {
  private enum State {
    case underway
    case awaited(CheckedContinuation<Answer?, Never>)
    case ended(Answer?)
  }

  private let state = Mutex(State.underway)
  private let task = Mutex<Task<Void, Never>?>(nil)

  /// Begins at once.
  init(_ look: @escaping @Sendable () async -> Answer) {
    task.withLock { task in
      task = Task { [weak self] in
        let answer = await look()
        self?.end(with: answer)
      }
    }
  }

  deinit { task.withLock { $0?.cancel() } }

  /// nil where it takes longer than `patience`; then it is called off. To be asked once; deaf to cancellation.
  func answer(within patience: Duration) async -> Answer? {
    let known: Answer?? = state.withLock { if case .ended(let answer) = $0 { .some(answer) } else { nil } }
    if let known { return known }
    let limit = Task.detached {
      do { try await Task.sleep(for: patience) } catch { return }
      self.end(with: nil)
      self.task.withLock { $0?.cancel() }
    }
    defer { limit.cancel() }
    return await withCheckedContinuation { continuation in
      let answer: Answer?? = state.withLock { state in
        if case .ended(let answer) = state { return .some(answer) }
        state = .awaited(continuation)
        return nil
      }
      if let answer { continuation.resume(returning: answer) }
    }
  }

  private func end(with answer: Answer?) {
    let waiting: CheckedContinuation<Answer?, Never>? = state.withLock { state in
      switch state {
      case .ended: return nil
      case .underway:
        state = .ended(answer)
        return nil
      case .awaited(let continuation):
        state = .ended(answer)
        return continuation
      }
    }
    waiting?.resume(returning: answer)
  }
}

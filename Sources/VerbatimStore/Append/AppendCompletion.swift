import Synchronization

/// Whom to tell how an exchange fared; told once.
enum AppendCompletion: Sendable {
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
final class GroupResults: Sendable {
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

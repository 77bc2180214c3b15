/// Says which of several upstreams a call goes to next, and when: each in turn, then, where that may help, once more
/// from the first. All of it happens before the first byte of an answer has gone to the client.
struct RetryPlan: Sendable {
  enum Failure: Sendable, Equatable {
    /// Nothing of the request has reached it.
    case notSent
    /// It may have begun to work; another upstream may be asked, the same one not again.
    case unanswered
    case answered(status: Int, retryAfter: Duration?)
  }

  enum Action: Sendable, Equatable {
    /// The upstream of this place in the order.
    case attempt(Int, after: Duration)
    case giveUp
  }

  /// Attempts in all, but every upstream is asked once.
  private static let maximumAttempts = 3
  private static let shortestPause: Duration = .milliseconds(200)
  /// Who asks to be left alone for longer is passed on to the client, which can wait better.
  private static let longestPause: Duration = .seconds(5)

  /// Statuses that are about what was asked, whoever asks it: what is not implemented, a version of HTTP.
  static let refusals: Set<Int> = [501, 505]

  private let count: Int
  private var attempts = 0
  private var rounds = 0

  /// `count`: upstreams, in the order in which they are to be asked.
  init(count: Int) { self.count = count }

  mutating func first() -> Action { count == 0 ? .giveUp : attempt(after: .zero) }

  /// `jitter`: 0 to 1.
  mutating func next(after failure: Failure, jitter: Double) -> Action {
    guard mayHelpElsewhere(failure) else { return .giveUp }
    if attempts % count != 0 { return attempt(after: .zero) }
    guard attempts < Self.maximumAttempts, mayHelpAgain(failure) else { return .giveUp }
    var pause = Self.shortestPause * (1 << rounds) * (0.5 + jitter)
    if case .answered(_, let retryAfter?) = failure { pause = max(pause, retryAfter) }
    guard pause <= Self.longestPause else { return .giveUp }
    rounds += 1
    return attempt(after: pause)
  }

  private mutating func attempt(after pause: Duration) -> Action {
    defer { attempts += 1 }
    return .attempt(attempts % count, after: pause)
  }

  private func mayHelpElsewhere(_ failure: Failure) -> Bool {
    switch failure {
    case .notSent, .unanswered: true
    // The key of this upstream may be the trouble, too.
    case .answered(let status, _): [401, 402, 403, 408, 429].contains(status) || status >= 500
    }
  }

  private func mayHelpAgain(_ failure: Failure) -> Bool {
    switch failure {
    case .notSent: true
    case .unanswered: false
    case .answered(let status, _): [408, 429].contains(status) || status >= 500 && !Self.refusals.contains(status)
    }
  }
}

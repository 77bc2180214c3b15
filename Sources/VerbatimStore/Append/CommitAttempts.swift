import Databases

/// What to do about a batch that could not be committed: plain state, fed with failures.
///
/// A batch that lost against another transaction is tried again, for nothing of it is stored. Where the connection was
/// lost, the batch may be stored or not, so it is tried again by one that looks first. Where an exchange of it may be
/// to blame, it is split.
struct CommitAttempts {
  enum Action: Equatable {
    case again(after: Duration)
    case split
    case giveUp
  }

  /// Far more than two writers and a few replicas need.
  private static let conflictLimit = 30
  private static let longestPause: Duration = .milliseconds(200)

  private let isServer: Bool
  /// How long a server that is away is waited for.
  private let patience: Duration
  /// Whether an attempt ended without an answer, so that what it wrote may be there.
  private(set) var mayBeStored: Bool
  private var conflicts = 0
  private var losses = 0
  private var waited: Duration = .zero
  private var hasLookedAgain = false

  init(isServer: Bool, patience: Duration, mayBeStored: Bool = false) {
    self.isServer = isServer
    self.patience = patience
    self.mayBeStored = mayBeStored
  }

  /// `jitter`: from 0 to 1, so that two that met do not meet again.
  mutating func action(after error: any Error, batchCount: Int, jitter: Double) -> Action {
    if case StoreError.outOfReach = error { return batchCount > 1 ? .split : .giveUp }
    guard let error = error as? DatabaseError else { return .giveUp }
    switch error.kind {
    // A day's table that was dropped is made again before the next attempt.
    case .conflict, .missingTable:
      conflicts += 1
      guard conflicts <= Self.conflictLimit else { return .giveUp }
      return .again(after: Self.pause(.milliseconds(2), round: conflicts) * (0.5 + jitter / 2))
    case .unavailable:
      guard isServer else { return .giveUp }
      mayBeStored = true
      losses += 1
      let pause: Duration = Self.pause(.milliseconds(25), round: losses)
      waited += pause
      return waited <= patience ? .again(after: pause * (0.5 + jitter / 2)) : .giveUp
    case .constraint, .statement:
      // The transaction of the attempt that was lost may have ended only after this one looked for it.
      if mayBeStored && !hasLookedAgain {
        hasLookedAgain = true
        return .again(after: .zero)
      }
      return batchCount > 1 ? .split : .giveUp
    case .full, .readOnly, .corrupt, .cancelled:
      return .giveUp
    }
  }

  private static func pause(_ first: Duration, round: Int) -> Duration {
    min(first * (1 << min(round - 1, 10)), longestPause)
  }
}

import Synchronization
import VerbatimModel
import VerbatimStore

/// What is remembered of keys, so that letting somebody in asks no database.
///
/// Every change of a key or an account moves the access revision. On a server's database it is looked at twice a second,
/// and everything is forgotten when it has moved; so a revoked key fails within a second on every replica. While the
/// main database is away, keys that are remembered stay good for a while; others cannot be judged.
package final class KeyCache: Sendable {
  private struct State {
    var known: [KeyDigest: KeyHolder] = [:]
    var unknown: Set<KeyDigest> = []
    /// Counts how often everything was forgotten: what was asked for before is not remembered afterwards.
    var generation: UInt64 = 0
    var revision: Int64?
    /// When the revision was last seen.
    var confirmedAt: ContinuousClock.Instant
    var isAway = false
    /// When each key was last used, in Unix milliseconds, as far as that was not written yet.
    var uses: [UUIDv7: Int64] = [:]

    mutating func forget() {
      known.removeAll(keepingCapacity: true)
      unknown.removeAll(keepingCapacity: true)
      generation &+= 1
    }
  }

  private static let pause: Duration = .milliseconds(500)
  /// Pauses between two writings of when keys were used: a minute.
  private static let pausesBetweenWritings = 120
  private static let mostKnown = 100_000
  private static let mostUnknown = 10_000

  private let main: MainStore
  private let grace: Duration
  private let log: Log
  private let now: @Sendable () -> ContinuousClock.Instant
  private let state: Mutex<State>

  init(
    _ main: MainStore, grace: Duration, log: Log,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.main = main
    self.grace = grace
    self.log = log
    self.now = now
    state = Mutex(State(confirmedAt: now()))
  }

  /// The key of this digest, good or not; nil for none. Throws where it is not remembered and cannot be asked for.
  func holder(of digest: KeyDigest) async throws -> KeyHolder? {
    let isShared = main.isShared
    let (remembered, generation): (KeyHolder??, UInt64) = state.withLock { state in
      guard !isShared || state.confirmedAt.duration(to: now()) <= grace else { return (nil, state.generation) }
      if let holder = state.known[digest] { return (holder, state.generation) }
      return (state.unknown.contains(digest) ? .some(nil) : nil, state.generation)
    }
    if let remembered { return remembered }
    let holder = try await main.keyHolder(hash: digest.bytes)
    state.withLock { state in
      guard state.generation == generation else { return }
      if let holder {
        if state.known.count >= Self.mostKnown { state.known.removeAll(keepingCapacity: true) }
        state.known[digest] = holder
      } else {
        if state.unknown.count >= Self.mostUnknown { state.unknown.removeAll(keepingCapacity: true) }
        state.unknown.insert(digest)
      }
    }
    return holder
  }

  /// To be called after every change that this process made.
  func forget() { state.withLock { $0.forget() } }

  func noteUse(of key: UUIDv7) {
    let time = UnixClock.milliseconds()
    state.withLock { $0.uses[key] = time }
  }

  // MARK: Looking after it

  /// Until cancelled.
  package func run() async {
    var pauses = 0
    while !Task.isCancelled {
      do { try await Task.sleep(for: Self.pause) } catch { return }
      if main.isShared { await look() }
      pauses += 1
      if pauses.isMultiple(of: Self.pausesBetweenWritings) { await writeUses() }
    }
  }

  /// Asks whether a key or an account has changed anywhere, and forgets everything if so.
  func look() async {
    let asked = now()
    do {
      let revision = try await main.accessRevision()
      let isBack = state.withLock { state in
        if state.revision != revision {
          state.forget()
          state.revision = revision
        }
        state.confirmedAt = asked
        defer { state.isAway = false }
        return state.isAway
      }
      if isBack { log.info("The main database can be asked for keys again") }
    } catch {
      guard !Task.isCancelled else { return }
      let isNew = state.withLock { state in
        defer { state.isAway = true }
        return !state.isAway
      }
      guard isNew else { return }
      log.warning(
        "The main database cannot be asked for keys; those that are known stay good for a while",
        ["seconds": "\(grace.components.seconds)", "reason": Failure.line(error)])
    }
  }

  /// Writes when keys were last used; what cannot be written now is written with the next.
  package func writeUses() async {
    let uses = state.withLock { state in
      defer { state.uses = [:] }
      return state.uses
    }
    guard !uses.isEmpty else { return }
    do {
      try await main.noteUse(of: uses)
    } catch {
      state.withLock { state in state.uses.merge(uses) { newer, _ in newer } }
    }
  }
}

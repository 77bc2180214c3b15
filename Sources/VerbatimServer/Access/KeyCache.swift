import Synchronization
import VerbatimModel
import VerbatimStore

/// What is remembered of keys, so that letting somebody in asks no database.
///
/// Every change of a key or an account moves the access revision. On a server's database it is looked at twice a second,
/// and what has changed takes the place of what was remembered of it; so a revoked key fails within a second on every
/// replica. While the main database is away, keys that are remembered stay good for a while, whatever was changed last;
/// others cannot be judged.
package final class KeyCache: Sendable {
  private struct State {
    var known = KnownKeys(capacity: mostKnown)
    var unknown: Set<KeyDigest> = []
    /// Counts changes: what was asked for before one is not remembered after it.
    var generation: UInt64 = 0
    /// What the cache knows of was read at this revision or later.
    var revision: Int64?
    /// When the revision was last seen.
    var confirmedAt: ContinuousClock.Instant
    var isAway = false
    /// When each key was last used, in Unix milliseconds, as far as that was not written yet.
    var uses: [UUIDv7: Int64] = [:]

    mutating func take(_ changes: AccessChanges) {
      revision = changes.revision
      switch changes.extent {
      case .nothing: return
      case .everything: known.removeAll()
      case .some(let keys, let accounts):
        for holder in keys {
          if let digest = KeyDigest(bytes: holder.hash) { known.replace(holder, for: digest) }
        }
        take(accounts)
      }
      noteChange()
    }

    mutating func take(_ accounts: [Account]) {
      guard !accounts.isEmpty else { return }
      let changed = Dictionary(accounts.map { (ExactText($0.name), $0) }) { $1 }
      known.update { holder in
        if let account = changed[ExactText(holder.key.account)] { holder.take(account) }
      }
    }

    mutating func noteChange() {
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
      if let holder = state.known.use(digest) { return (holder, state.generation) }
      return (state.unknown.contains(digest) ? .some(nil) : nil, state.generation)
    }
    if let remembered { return remembered }
    let holder = try await main.keyHolder(hash: digest.bytes)
    state.withLock { state in
      guard state.generation == generation else { return }
      if let holder {
        state.known.insert(holder, for: digest)
      } else {
        if state.unknown.count >= Self.mostUnknown { state.unknown.removeAll(keepingCapacity: true) }
        state.unknown.insert(digest)
      }
    }
    return holder
  }

  /// To be called with every key that this process changed, after it was: the database need not be there to learn it.
  func take(_ key: APIKey) {
    state.withLock { state in
      state.known.update { if $0.key.id == key.id { $0.key = key } }
      state.noteChange()
    }
  }

  /// Likewise, with accounts.
  func take(_ account: Account) {
    state.withLock { state in
      state.take([account])
      state.noteChange()
    }
  }

  func noteUse(of key: UUIDv7) {
    let time = UnixClock.milliseconds()
    state.withLock { $0.uses[key] = time }
  }

  // MARK: Looking after it

  /// Until cancelled.
  package func run() async {
    var pauses = 0
    if main.isShared { await look() }
    while !Task.isCancelled {
      do { try await Task.sleep(for: Self.pause) } catch { return }
      if main.isShared { await look() }
      pauses += 1
      if pauses.isMultiple(of: Self.pausesBetweenWritings) { await writeUses() }
    }
  }

  /// Asks which keys and accounts have changed anywhere, and takes that over.
  func look() async {
    let asked = now()
    do {
      let changes = try await main.accessChanges(since: state.withLock(\.revision))
      let isBack = state.withLock { state in
        state.take(changes)
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

import Databases
import VerbatimModel

/// Who builds the index, where several processes share a database.
struct SearchLease: Sendable {
  /// Milliseconds: who was killed keeps others from it no longer.
  private static let length: Int64 = 15_000
  private static let renewal: Int64 = 5_000

  let holder: String
  /// A file has one writer anyway.
  let isNeeded: Bool
  private var end: Int64 = 0

  init(holder: String, isNeeded: Bool) {
    self.holder = holder
    self.isNeeded = isNeeded
  }

  /// Takes it where nobody has it, and renews it in time; nil where another process has it.
  func held(in store: Store) async throws -> SearchLease? {
    guard isNeeded else { return self }
    let now: Int64 = store.configuration.clock()
    if now < end - Self.length + Self.renewal { return self }
    let (holder, newEnd): (String, Int64) = (holder, now + Self.length)
    let isOurs: Bool = try await store.writing { connection in
      try connection.transaction { try connection.takeSearchLease(for: holder, now: now, until: newEnd) }
    }
    guard isOurs else { return nil }
    var lease: SearchLease = self
    lease.end = newEnd
    return lease
  }

  /// Lets others have it at once.
  func release(in store: Store) async throws {
    guard isNeeded, end > 0 else { return }
    let holder: String = holder
    try await store.writing { connection in
      try connection.transaction {
        if try connection.lockedSearchLease()?.holder == holder { try connection.removeSearchState(.lease) }
      }
    }
  }

  /// Within a transaction: fails as a conflict when another process has taken over.
  func check(on connection: isolated Connection) throws {
    guard isNeeded else { return }
    guard try connection.lockedSearchLease()?.holder == holder else {
      throw DatabaseError(kind: .unavailable, code: 0, message: "another process builds the search index now", sql: nil)
    }
  }
}

extension Connection {
  fileprivate func takeSearchLease(for holder: String, now: Int64, until end: Int64) throws -> Bool {
    if let held = try lockedSearchLease(), held.holder != holder, held.end >= now { return false }
    try setSearchState(.lease, to: "\(holder) \(end)")
    return true
  }

  /// Nobody else changes it until the transaction ends.
  fileprivate func lockedSearchLease() throws -> (holder: String, end: Int64)? {
    let lock: String = try dialect().isServer ? " FOR UPDATE" : ""
    let text: String? = try first(
      """
      SELECT value FROM verbatim_search_state WHERE name = \(SearchState.lease.rawValue)\(unsafeSQL: lock)
      """
    ) { $0.text(0) }
    guard let parts = text?.split(separator: " "), parts.count == 2, let end = Int64(parts[1]) else { return nil }
    return (String(parts[0]), end)
  }
}

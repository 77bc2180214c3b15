import Databases
import VerbatimModel

/// Builds the search index behind the commits, and looks after it.
///
/// - It follows the feed, so what was committed is in the index soon, once, and whatever a crash cut off comes again: the
///   position in the feed moves in the transaction that publishes a segment.
/// - Days that the feed does not tell of (recorded before there was an index, restored, copied) are scanned, newest
///   first, from their end to their beginning; so is everything for `reindex`, while the old segments go on answering.
/// - A message may be in two segments for a while; searches pass over the second.
/// - One process does it at a time, on a thread that leaves the processor to those who answer.
package actor SearchIndexer {
  /// Between looks at the feed where nothing is to be done.
  private static let pause: Duration = .milliseconds(200)
  private static let pauseAfterFailure: Duration = .seconds(5)
  private static let careInterval: Duration = .seconds(30)
  /// Steps behind the commits after which something else has its turn, however much comes.
  private static let longestStreak = 16

  let store: Store
  private let thread: ThreadExecutor
  private var lease: SearchLease
  private var isPrepared = false
  private var mayMerge = true
  private var streak = 0
  private var lastCare: ContinuousClock.Instant?
  /// Appends waited for the writer not long ago, or it for them.
  private var restRatio = 0.0
  private var isBusy: Bool { restRatio > 0.1 }

  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  package init(_ store: Store) throws(DatabaseError) {
    self.store = store
    thread = try ThreadExecutor(yieldsToOthers: true)
    lease = SearchLease(holder: store.leaseHolder, isNeeded: store.dialect.isServer)
  }

  deinit { thread.stop() }

  /// Until it is cancelled; what fails is logged and tried again.
  package func run() async {
    await work()
    let (lease, store): (SearchLease, Store) = (lease, store)
    // Outside of the task that was cancelled, or it would not be done.
    let release = Task { try await lease.release(in: store) }
    if case .failure(let error) = await release.result {
      store.log.info("MES the lease of the search index runs out by itself", ["error": "\(error)"])
    }
  }

  private func work() async {
    while !Task.isCancelled {
      var pause: Duration = Self.pause
      do {
        if try await round() { continue }
      } catch  where Task.isCancelled {
        return
      } catch {
        store.log.warning("MES indexing failed", ["error": "\(error)"])
        isPrepared = false
        pause = Self.pauseAfterFailure
      }
      // Cancelling ends the wait, and the loop then.
      try? await Task.sleep(for: pause)
    }
  }

  /// Some of what is to be done; answers whether there was anything.
  package func round() async throws -> Bool {
    guard let held = try await lease.held(in: store) else { return false }
    lease = held
    if !isPrepared { try await prepare() }
    if streak < Self.longestStreak, try await follow() {
      streak += 1
      return changed()
    }
    streak = 0
    if try await scanSome() { return changed() }
    guard mayMerge || lastCare.map({ $0.duration(to: .now) > Self.careInterval }) ?? true else { return false }
    if try await forgetSome() { return true }
    if try await mergeSome() { return true }
    lastCare = .now
    mayMerge = false
    return false
  }

  private func changed() -> Bool {
    mayMerge = true
    return true
  }

  /// Begins an index where there is none of this version, and takes away what a crash has left.
  private func prepare() async throws {
    let (version, position): (String?, String?) = try await store.database.read { connection in
      (try connection.searchState(.version), try connection.searchState(.feed))
    }
    if version != SearchState.currentVersion || position == nil { try await beginAnew() }
    try await deleteUnseen()
    isPrepared = true
  }

  func beginAnew() async throws {
    let end: Int64 = try await store.feedEnd()
    try await write { try $0.beginSearchIndex(followingFrom: end) }
  }

  /// Days that were dropped, and what was purged.
  private func forgetSome() async throws -> Bool {
    for day in try await store.database.read({ try $0.goneSearchDays() }) {
      try await write { try $0.forgetSearchDay(day) }
      mayMerge = true
    }
    try await deleteUnseen()
    return try await removePurged()
  }

  func deleteUnseen() async throws {
    for segment in try await store.database.read({ try $0.unseenSegments() }) {
      while try await write({ try $0.deleteSome(ofSegment: segment) }) {}
    }
  }

  // MARK: Writing

  /// Rows of terms that one transaction writes at most.
  static let termsAtOnce = 2_000
  /// While there is somebody who waits for the writer.
  private static let termsAtOnceWhileBusy = 500

  /// Writes a segment that is not seen yet; answers its id.
  func write(_ rows: [SearchTermRow], ofSegmentOn day: Day) async throws -> Int64 {
    let segment: Int64 = try await write { try $0.beginSegment(of: day) }
    var rest: ArraySlice<SearchTermRow> = rows[...]
    while !rest.isEmpty {
      let part: ArraySlice<SearchTermRow> = rest.prefix(isBusy ? Self.termsAtOnceWhileBusy : Self.termsAtOnce)
      rest = rest.dropFirst(part.count)
      try await write { try $0.addTerms(part, to: segment) }
    }
    return segment
  }

  /// What makes segments visible, if this process is still the one to build the index.
  func publish(_ body: @escaping @Sendable (isolated Connection) throws -> Void) async throws {
    let lease: SearchLease = lease
    try await write { connection in
      try lease.check(on: connection)
      try body(connection)
    }
  }

  /// A transaction between batches. Whoever appends goes first: where the writer was busy, the indexer rests for longer
  /// than it has kept it.
  @discardableResult
  func write<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    let asked: ContinuousClock.Instant = .now
    let (result, begun): (Result, ContinuousClock.Instant) = try await store.writing { connection in
      let begun: ContinuousClock.Instant = .now
      return (try connection.transaction { try body(connection) }, begun)
    }
    restRatio = asked.duration(to: begun) > .milliseconds(1) ? 2 : restRatio * 0.9
    try Task.checkCancellation()
    if isBusy { try await Task.sleep(for: begun.duration(to: .now) * restRatio) }
    return result
  }
}

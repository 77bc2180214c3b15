import VerbatimModel
import VerbatimStore

/// Archives or purges conversations that lay idle too long. One replica at a time does it, in bounded steps, each on
/// record in the audit trail before it is done; what was purged is counted there afterwards, too.
package struct ExpiryJob: Sendable {
  private static let interval: Duration = .seconds(600)
  private static let hour: Int64 = 3_600_000

  private let settings: ExpirySettings
  private let store: Store
  private let trail: AuditTrail
  private let log: Log
  private let clock: @Sendable () -> Int64

  package init(
    _ settings: ExpirySettings, on store: Store, trail: AuditTrail, log: Log,
    clock: @escaping @Sendable () -> Int64 = UnixClock.milliseconds
  ) {
    self.settings = settings
    self.store = store
    self.trail = trail
    self.log = log
    self.clock = clock
  }

  /// Looks from time to time, until it is cancelled.
  package func run() async {
    while !Task.isCancelled {
      do {
        try await runOnce()
      } catch  where Task.isCancelled {
        return
      } catch {
        log.warning("MES expiry failed", ["error": "\(error)"])
      }
      // Cancelling ends the wait, and the loop then.
      try? await Task.sleep(for: Self.interval)
    }
  }

  /// One round over all conversations; answers how many expired, or nil where another replica has the work.
  @discardableResult package func runOnce() async throws -> Int? {
    let now = clock()
    let rule = IdleRule(
      sessions: settings.sessionHours.map { now - Int64($0) * Self.hour },
      history: settings.historyHours.map { now - Int64($0) * Self.hour })
    var expired = 0
    var cursor: IdlePage.Cursor?
    repeat {
      guard try await store.takeMaintenance() else { return nil }
      let page = try await store.idleConversations(rule, behind: cursor)
      expired += try await expire(page.idle)
      cursor = page.next
    } while cursor != nil
    if expired > 0 {
      log.info("MES conversations expired", ["count": String(expired)])
    }
    return expired
  }

  private func expire(_ idle: [IdleConversation]) async throws -> Int {
    let purges = settings.sessionAction == .purge
    var expired = 0
    for (account, conversations) in Dictionary(grouping: idle, by: \.account).sorted(by: { $0.key < $1.key }) {
      let purged = conversations.filter { purges && $0.isSession }
      let archived = conversations.filter { !purges || !$0.isSession }
      if !archived.isEmpty {
        try await announce(.archive, of: archived, account: account)
        expired += try await store.archive(archived)
      }
      if !purged.isEmpty {
        try await announce(.purge, of: purged, account: account)
        expired += try await purge(purged, account: account)
      }
    }
    return expired
  }

  private func announce(_ action: ExpirySettings.Action, of idle: [IdleConversation], account: String) async throws {
    try await trail.record(
      .conversationExpire, account: account, count: idle.count, [("action", action.rawValue)])
  }

  /// One after the other, as long as the lease is ours; what was done is on record also where the next one fails.
  private func purge(_ idle: [IdleConversation], account: String) async throws -> Int {
    var (purged, total) = (0, PurgeCount())
    do {
      for conversation in idle {
        try Task.checkCancellation()
        guard try await store.takeMaintenance() else { break }
        guard let count = try await store.purge(conversation) else { continue }
        purged += 1
        total += count
      }
    } catch {
      await trail.recordPurged(purged, total, account: account)
      throw error
    }
    await trail.recordPurged(purged, total, account: account)
    return purged
  }
}

extension AuditTrail {
  fileprivate func recordPurged(_ conversations: Int, _ total: PurgeCount, account: String) async {
    guard conversations > 0 else { return }
    await recordOutcome(
      of: .conversationPurge, account: account, count: conversations,
      [("purged_exchanges", String(total.exchanges)), ("purged_errors", String(total.failures))])
  }
}

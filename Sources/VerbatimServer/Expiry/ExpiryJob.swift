import VerbatimModel
import VerbatimStore

/// Archives conversations that lay idle too long. One replica at a time does it, in bounded steps, each on
/// record in the audit trail before it is done.
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
    for (account, conversations) in Dictionary(grouping: idle, by: \.account).sorted(by: { $0.key < $1.key }) {
      try await trail.record(.conversationExpire, account: account, count: conversations.count, [("action", "archive")])
    }
    return idle.isEmpty ? 0 : try await store.archive(idle)
  }
}

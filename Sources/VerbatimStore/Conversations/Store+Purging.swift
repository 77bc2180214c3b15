import Databases
import VerbatimModel

/// Deletes conversations for good: their rows in every table, files, keys, settings, tags, and their share of the
/// register of days. Counters of usage stay, since they say what was used.
///
/// It is entered first, then done in bounded steps, each a transaction; what a crash cuts off, or a caller that goes
/// away, is finished by the next round of maintenance. What is recorded meanwhile stays, as a conversation of its own.
extension Store {
  /// How long whoever asked for a purge is left to do it; milliseconds.
  private static let patience: Int64 = 60_000
  private static let sweepInterval: Int64 = 3_600_000

  /// What was deleted, of a conversation that may have been deleted before; nil where there is none.
  package func purge(_ id: String, within reach: Reach) async throws -> PurgeCount? {
    let now: Int64 = configuration.clock()
    let entered: Conversation? = try await managing { connection in
      try connection.transaction { try connection.enterPurge(of: id, within: reach, now: now, recordedUntil: now) }
    }
    guard let entered else { return nil }
    replica?.note(entered)
    return try await finish(Purge(conversation: entered, recordedUntil: now))
  }

  /// Finishes what was cut off.
  func finishPurges() async throws {
    let limit: Int64 = configuration.clock() - Self.patience
    for purge in try await database.read({ try $0.purges(requestedBefore: limit) }) {
      try Task.checkCancellation()
      _ = try await finish(purge)
    }
  }

  /// Takes away keys that led to what was purged and that nothing but a look at all keys finds: those of an import, and
  /// those of repeats. Until then they answer a repeat with what is gone, and `verify` passes them over.
  func sweepPurges() async throws {
    let days: Set<Day> = try await database.read { try $0.purgedDays(onlyUnswept: true) }
    guard !days.isEmpty else { return }
    let now: Int64 = configuration.clock()
    let last: Int64? = try await database.read { try $0.setting(.lastPurgeSweep).flatMap { Int64($0) } }
    guard last.map({ now - $0 >= Self.sweepInterval }) ?? true else { return }
    try await writing { try $0.beginPurgeSweep(of: days) }
    try await sweepReferences(of: days)
    try await writing { try $0.endPurgeSweep(now: now) }
  }

  func finish(_ purge: Purge) async throws -> PurgeCount {
    var total = PurgeCount()
    let tables: DayTables = dayTables
    for day in try await managing({ try $0.activeDays(of: purge.conversation) }) {
      while let count = try await purgeSome(purge, of: day, tables) {
        total += count
        try Task.checkCancellation()
      }
    }
    try await managing { connection in try connection.transaction { try connection.end(purge, tables.calendar) } }
    replica?.noteGone(purge.conversation)
    log.info("MES conversation purged", ["exchanges": "\(total.exchanges)", "failures": "\(total.failures)"])
    return total
  }

  /// nil when nothing is left of the day. A table that was dropped meanwhile is entered as gone.
  private func purgeSome(_ purge: Purge, of day: Day, _ tables: DayTables) async throws -> PurgeCount? {
    do {
      return try await writing { connection in
        try connection.transaction { try connection.purgeSome(purge, of: day, tables.calendar) }
      }
    } catch let error as DatabaseError where error.kind == .missingTable {
      _ = try await noticeGoneTables()
      return PurgeCount()
    } catch let error as DatabaseError where error.kind != .cancelled {
      log.error("MES purge failed", ["error": error.message, "sql": error.sql ?? ""])
      throw StoreError(error)
    }
  }
}

/// What was deleted for good.
package struct PurgeCount: Sendable, Equatable {
  package var exchanges: Int64 = 0
  package var messages: Int64 = 0
  package var failures: Int64 = 0

  package init() {}

  package static func += (left: inout PurgeCount, right: PurgeCount) {
    left.exchanges += right.exchanges
    left.messages += right.messages
    left.failures += right.failures
  }
}

/// A conversation that is to go, with what was recorded until a time.
struct Purge: Sendable {
  let conversation: Conversation
  /// Unix milliseconds; when it was asked for, unless the conversation lay idle.
  let recordedUntil: Int64
}

import HTTP
import Synchronization
import VerbatimModel
import VerbatimStore

/// Leaves a trace of every operation: who did what to which conversation, from which address, with which key.
///
/// - What changes something is on record, durably, before it is done; how it failed, or what it made, is a second row.
///   While the main database is away it is not done.
/// - Reads are counted in memory: one row for an actor, a conversation and a minute, which is written within a second and
///   gets its last count when the minute is over. While the main database is away they go on and their traces wait, up
///   to a bound, past which they are refused. A crash loses those of its last second, and what was counted in its
///   minute.
package final class AuditTrail: Sendable {
  private static let interval: Duration = .milliseconds(250)
  /// While more waits than is written at once, or it would gather until reads are refused.
  private static let busyInterval: Duration = .milliseconds(50)
  /// So that what many readers left does not hold up those of the moment.
  private static let rowsAtOnce = 1000
  /// How often rows that are too old are removed.
  private static let removalInterval: Duration = .seconds(3600)

  private let main: MainStore
  /// How long rows are kept, in milliseconds; nil: for ever.
  private let retention: Int64?
  private let log: Log
  private let clock: @Sendable () -> Int64
  private let reads: Mutex<ReadTally>
  private let outage = Outage()

  package init(
    in main: MainStore, keepingDays days: Int? = nil, capacity: Int = 100_000, log: Log,
    clock: @escaping @Sendable () -> Int64 = UnixClock.milliseconds
  ) {
    self.main = main
    retention = days.map { Int64($0) * 86_400_000 }
    reads = Mutex(ReadTally(capacity: capacity))
    self.log = log
    self.clock = clock
  }

  /// Calls the handler, and leaves the trace of it.
  func respond(to request: HTTPRequest, doing action: AuditAction, next: Handler) async throws -> HTTPResponse {
    action.isReading ? try await read(request, action, next) : try await change(request, action, next)
  }

  // MARK: Reads

  private func read(_ request: HTTPRequest, _ action: AuditAction, _ next: Handler) async throws -> HTTPResponse {
    // What the path names needs no word of the handler.
    let notes = request.parameters[AuditSubject.conversationParameter] == nil ? AuditNotes() : nil
    let response =
      if let notes {
        try await AuditNotes.$current.withValue(notes) { try await next(request) }
      } else {
        try await next(request)
      }
    guard response.status < 400 else { return response }
    let subject = try AuditSubject(of: request, action, notes)
    let isTaken = reads.withLock { $0.note(subject, at: clock(), request: request.id, id: main.newAuditID) }
    guard isTaken else {
      throw APIError.unavailable("too many reads wait for their audit trace", retryAfter: .seconds(1))
    }
    return response
  }

  /// Writes what was counted so far. What cannot be written waits.
  package func flush() async {
    while await write(isAll: true) {}
  }

  /// Answers whether there may be more to write.
  private func write(isAll: Bool = false) async -> Bool {
    let batch = reads.withLock { $0.waiting(limit: Self.rowsAtOnce, isAll: isAll) }
    if !batch.entries.isEmpty {
      do {
        try await main.record(batch.entries)
      } catch {
        noteFailure(error)
        return false
      }
      noteFailure(nil)
    }
    _ = reads.withLock { $0.wrote(batch) }
    return batch.entries.count >= Self.rowsAtOnce
  }

  /// Writes four times a second, or more often, until it is cancelled, and then all that is left.
  package func run() async {
    var removal = ContinuousClock.now
    var pause = Self.interval
    while !Task.isCancelled {
      if removal <= .now {
        await removeOld()
        removal = .now + Self.removalInterval
      }
      // Cancelling ends the wait, and the loop then.
      try? await Task.sleep(for: pause)
      if Task.isCancelled {
        await Task { await flush() }.value
      } else {
        pause = await write() ? Self.busyInterval : Self.interval
      }
    }
  }

  private func removeOld() async {
    guard let retention else { return }
    do {
      while try await main.removeAudit(before: clock() - retention) > 0 { try Task.checkCancellation() }
    } catch  where Task.isCancelled {
      return
    } catch {
      log.warning("Audit rows could not be removed", ["error": "\(error)"])
    }
  }

  private func noteFailure(_ error: (any Error)?) {
    outage.note(error) { error in
      log.warning("Audit traces of reads wait, since the main database cannot be written", ["error": "\(error)"])
    } ended: {
      log.info("Audit traces are written again")
    }
  }

  // MARK: Changes

  private func change(_ request: HTTPRequest, _ action: AuditAction, _ next: Handler) async throws -> HTTPResponse {
    let entry = AuditEntry(of: try AuditSubject(of: request, action), id: main.newAuditID(), request: request.id)
    try await main.record([entry])
    let notes = AuditNotes()
    let response: HTTPResponse
    do {
      response = try await AuditNotes.$current.withValue(notes) { try await next(request) }
    } catch {
      await recordOutcome(of: entry, notes, [("outcome", "unknown")])
      throw error
    }
    if response.status >= 400 {
      await recordOutcome(of: entry, notes, [("outcome", "refused"), ("status", String(response.status))])
    } else if !notes.all.isEmpty || notes.conversation != nil {
      await recordOutcome(of: entry, notes)
    }
    return response
  }

  /// A second row; also when the client has gone and the task is cancelled.
  private func recordOutcome(
    of entry: AuditEntry, _ said: AuditNotes, _ notes: [(name: String, value: String)] = []
  ) async {
    var outcome = entry
    outcome.id = main.newAuditID()
    outcome.conversation = entry.conversation ?? said.conversation.map { $0.bounded(255) }
    outcome.detail = AuditEntry.detail(said.all + notes + [("of", entry.id.description)])
    await recordOutcome(outcome)
  }

  private func recordOutcome(_ row: AuditEntry) async {
    await Task {
      do {
        try await main.record([row])
      } catch {
        log.error("An outcome is missing in the audit trail", ["action": row.action, "error": "\(error)"])
      }
    }.value
  }

  /// Records what the server does by itself, before it does it.
  package func record(_ action: AuditAction, account: String, count: Int, _ notes: [(name: String, value: String)])
    async throws
  {
    try await main.record([entry(of: action, account: account, count: count, notes)])
  }

  /// Records what the server did by itself, also when it is being stopped.
  package func recordOutcome(
    of action: AuditAction, account: String, count: Int, _ notes: [(name: String, value: String)]
  ) async {
    await recordOutcome(entry(of: action, account: account, count: count, notes))
  }

  private func entry(
    of action: AuditAction, account: String, count: Int, _ notes: [(name: String, value: String)]
  ) -> AuditEntry {
    AuditEntry(
      id: main.newAuditID(), action: action.rawValue, actor: AuditEntry.system, key: AuditEntry.system,
      account: account, count: count, detail: AuditEntry.detail(notes))
  }
}

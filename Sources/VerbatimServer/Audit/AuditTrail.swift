import HTTP
import Synchronization
import VerbatimModel
import VerbatimStore

/// Leaves a trace of every operation: who did what to which conversation, from which address, with which key.
///
/// - What changes something is on record, durably, before it is done; how it failed, or what it made, is a second row.
///   While the main database is away it is not done.
/// - Reads are counted in memory and written each second: one row for an actor, a conversation and a minute. While the
///   main database is away they go on and their traces wait, up to a bound, past which they are refused. A crash loses
///   those of its last second.
package final class AuditTrail: Sendable {
  private static let interval: Duration = .seconds(1)
  /// While more waits than is written at once: so that many traces do not hold up the requests of a moment.
  private static let busyInterval: Duration = .milliseconds(50)
  private static let fewRows = 100
  private static let rowsAtOnce = 1000
  /// How often rows that are too old are removed.
  private static let removalInterval: Duration = .seconds(3600)

  private let main: MainStore
  /// How long rows are kept, in milliseconds; nil: for ever.
  private let retention: Int64?
  private let log: Log
  private let clock: @Sendable () -> Int64
  private let reads: Mutex<ReadTally>
  private let isFailing = Mutex(false)

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
    let entry = try entry(of: request, action)
    return action.isReading ? try await read(request, entry, next) : try await change(request, entry, next)
  }

  // MARK: Reads

  private func read(_ request: HTTPRequest, _ entry: AuditEntry, _ next: Handler) async throws -> HTTPResponse {
    let response = try await next(request)
    guard response.status < 400 else { return response }
    guard reads.withLock({ $0.note(entry) }) else {
      throw APIError.unavailable("too many reads wait for their audit trace", retryAfter: .seconds(1))
    }
    return response
  }

  /// Writes what was counted so far. What cannot be written waits.
  package func flush() async {
    while await write(atMost: Self.rowsAtOnce) == Self.rowsAtOnce {}
  }

  /// Answers how many rows were written.
  private func write(atMost limit: Int) async -> Int {
    let waiting = reads.withLock { $0.waiting(limit: limit) }
    guard !waiting.isEmpty else { return 0 }
    do {
      try await main.record(waiting)
    } catch {
      noteFailure(error)
      return 0
    }
    noteFailure(nil)
    let now = clock()
    reads.withLock { $0.wrote(waiting, at: now) }
    return waiting.count
  }

  /// A tenth of what waits; answers when to go on.
  private func writeSome() async -> Duration {
    let waiting = reads.withLock { $0.unwrittenCount }
    let written = await write(atMost: max(Self.fewRows, min(waiting / 10, Self.rowsAtOnce)))
    return written > 0 && written < waiting ? Self.busyInterval : Self.interval
  }

  /// Writes each second until it is cancelled, and then all that is left.
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
      if Task.isCancelled { await Task { await flush() }.value } else { pause = await writeSome() }
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
    let hasChanged = isFailing.withLock { wasFailing in
      defer { wasFailing = error != nil }
      return wasFailing != (error != nil)
    }
    guard hasChanged else { return }
    if let error {
      log.warning("Audit traces of reads wait, since the main database cannot be written", ["error": "\(error)"])
    } else {
      log.info("Audit traces are written again")
    }
  }

  // MARK: Changes

  private func change(_ request: HTTPRequest, _ entry: AuditEntry, _ next: Handler) async throws -> HTTPResponse {
    try await main.record([entry])
    let notes = AuditNotes()
    let response: HTTPResponse
    do {
      response = try await AuditNotes.$current.withValue(notes) { try await next(request) }
    } catch {
      await recordOutcome(of: entry, notes.all + [("outcome", "unknown")])
      throw error
    }
    if response.status >= 400 {
      await recordOutcome(of: entry, notes.all + [("outcome", "refused"), ("status", String(response.status))])
    } else if !notes.all.isEmpty {
      await recordOutcome(of: entry, notes.all)
    }
    return response
  }

  /// A second row; also when the client has gone and the task is cancelled.
  private func recordOutcome(of entry: AuditEntry, _ notes: [(name: String, value: String)]) async {
    var outcome = entry
    outcome.id = main.newAuditID()
    outcome.detail = AuditEntry.detail(notes + [("of", entry.id.description)])
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

  // MARK: Entries

  private func entry(
    of action: AuditAction, account: String, count: Int, _ notes: [(name: String, value: String)]
  ) -> AuditEntry {
    AuditEntry(
      id: main.newAuditID(), action: action.rawValue, actor: AuditEntry.system, key: AuditEntry.system,
      account: account, count: count, detail: AuditEntry.detail(notes))
  }

  private func entry(of request: HTTPRequest, _ action: AuditAction) throws -> AuditEntry {
    let caller = try request.caller
    var parameters = request.parameters
    var conversation = parameters.removeValue(forKey: "conversation_id")
    if conversation == nil, action.isOfConversation { conversation = parameters.removeValue(forKey: "id") }
    var notes = parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: Self.bounded($0.value, 255)) }
    if let user = caller.reach.user { notes.append((name: "user_id", value: user)) }
    return AuditEntry(
      id: main.newAuditID(), action: action.rawValue, actor: caller.account, key: caller.credential.auditName,
      account: caller.reach.account ?? AuditEntry.everyAccount,
      conversation: conversation.map { Self.bounded($0, 255) },
      address: Self.bounded(request.peerAddress, 64), requestID: Self.bounded(request.id, 128),
      detail: AuditEntry.detail(notes))
  }

  /// As a column takes it, whatever was asked for: neither too long nor with NUL, which PostgreSQL's text cannot hold.
  private static func bounded(_ text: String, _ limit: Int) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(limit) { scalars.append(scalar == "\0" ? "\u{FFFD}" : scalar) }
    return String(scalars)
  }
}

extension AuditAction {
  fileprivate var isOfConversation: Bool { rawValue.hasPrefix("conversation.") }
}

extension Caller.Credential {
  fileprivate var auditName: String {
    switch self {
    case .keyless: AuditEntry.keyless
    case .commandLine: AuditEntry.commandLine
    case .key(let id, _): id.description
    }
  }
}

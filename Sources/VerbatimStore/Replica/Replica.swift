import Databases
import Synchronization
import VerbatimModel

/// A copy of the history that its server keeps, for reading.
///
/// Whoever reads a conversation that this process has written to gets what was written: from the replica once it has the
/// exchange, until then from the history's own database. A replica that is away, or lacks what was written longer ago
/// than the bound, is not read until it is found to have caught up; nobody waits for that.
final class Replica: Sendable {
  struct Configuration: Sendable {
    var database: Database.Configuration
    /// What was written longer ago must be there.
    var maximumLag: Duration
    /// The history's first start: a replica of it has the same.
    var identity: String
    var calendar: PartitionCalendar
  }

  private struct State {
    var condition = ReplicaState()
    var database: Database?
    var writes = OwnWrites(capacity: 100_000)
    var changes = OwnChanges(capacity: 100_000)
    var statistics = ReplicaStatistics()
  }

  /// How often it is looked at.
  private static let pause: Duration = .milliseconds(250)

  private let configuration: Configuration
  private let primary: Database
  private let log: Log
  private let clock: @Sendable () -> ContinuousClock.Instant
  private let state = Mutex(State())

  init(
    _ configuration: Configuration, of primary: Database, log: Log,
    clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    self.configuration = configuration
    self.primary = primary
    self.log = log
    self.clock = clock
  }

  var statistics: ReplicaStatistics {
    state.withLock { state in
      var statistics: ReplicaStatistics = state.statistics
      statistics.condition = state.condition.name
      return statistics
    }
  }

  // MARK: Writing

  /// To be asked before a transaction begins.
  var writeCount: UInt64 { state.withLock { $0.writes.count } }

  /// A batch is durable in the history's own database; `before` had been written when its transaction began, or 0 where
  /// an earlier one may have stored it. To be called by the connection's thread, right after the commit: so those of one
  /// conversation are noted in the order in which they were committed, and before their callers are answered.
  func note(_ receipts: [Store.Receipt], of batch: [PendingExchange], before: UInt64) {
    let now: ContinuousClock.Instant = clock()
    state.withLock { state in
      for (receipt, pending) in zip(receipts, batch) {
        let conversation = OwnWrites.Conversation(receipt.conversationID, account: pending.accountID)
        state.writes.note(
          receipt.exchangeID, in: conversation, before: before, isRepeat: receipt.isDuplicate, at: now)
      }
    }
  }

  /// A conversation was changed in the history's own database.
  func note(_ changed: Conversation) {
    let conversation = OwnWrites.Conversation(changed.id, account: changed.accountID)
    state.withLock { $0.changes.note(conversation, at: changed.updatedAt) }
  }

  /// A conversation, as it was at last, is gone for good.
  func noteGone(_ last: Conversation) {
    let conversation = OwnWrites.Conversation(last.id, account: last.accountID)
    state.withLock { $0.changes.note(conversation, at: last.updatedAt + 1) }
  }

  // MARK: Reading

  /// Runs `body` on the replica; nil where the history's own database has to be asked: the replica is away, or lacks
  /// what this process wrote.
  func read<Result: Sendable>(
    _ conversation: OwnWrites.Conversation, _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result? {
    let (database, needed, change) = state.withLock { state in
      let isUsable: Bool = state.condition.condition == .ready && !state.writes.isOverflown
      return (
        isUsable ? state.database : nil, state.writes.exchange(neededFor: conversation),
        state.changes.time(neededFor: conversation)
      )
    }
    guard let database else { return count(\.missed, nil) }
    do {
      let calendar: PartitionCalendar = configuration.calendar
      let result: Result? = try await database.read { connection in
        if let needed, try !connection.holdsExchange(needed, calendar) { return nil }
        if let change, try !connection.holdsChange(change, of: conversation) { return nil }
        return try body(connection)
      }
      guard let result else { return count(\.behind, nil) }
      if let needed { state.withLock { $0.writes.confirm(needed, in: conversation) } }
      if let change { state.withLock { $0.changes.confirm(change, of: conversation) } }
      return count(\.reads, result)
    } catch let error as DatabaseError where error.kind != .cancelled {
      // What a replica takes over may end one read, or drop its table: that does not say that it is away.
      if error.kind == .unavailable { become(.away(reason: error.message)) }
      return count(\.missed, nil)
    }
  }

  private func count<Result>(
    _ counter: WritableKeyPath<ReplicaStatistics, Int> & Sendable, _ result: Result?
  ) -> Result? {
    state.withLock { $0.statistics[keyPath: counter] += 1 }
    return result
  }

  // MARK: Looking after it

  /// Looks at the replica again and again, until cancelled.
  func run() async {
    while !Task.isCancelled {
      await look()
      do { try await Task.sleep(for: Self.pause) } catch { return }
    }
  }

  /// Looks whether the replica is there and what it has.
  func look() async {
    let absences: Int = state.withLock { $0.condition.absences }
    do {
      let database: Database = try await openDatabase()
      guard let probe = state.withLock({ $0.writes.probe }) else {
        try await database.read { connection in _ = try connection.schemaVersion() }
        // One that lagged may still do so: that shows by what is written next.
        if state.withLock({ $0.condition.condition != .lagging }) { becomeReady(since: absences) }
        return
      }
      if try await holds(probe, database) {
        state.withLock { $0.writes.confirm(probe) }
        becomeReady(since: absences)
      } else if probe.writtenAt.duration(to: clock()) <= configuration.maximumLag {
        if state.withLock({ $0.condition.condition != .lagging }) { becomeReady(since: absences) }
      } else if try await holds(probe, primary) {
        become(.lagging)
      } else {
        // Deleted meanwhile. The replica may have seen neither that nor what came before it.
        state.withLock { $0.writes.giveUp(probe) }
      }
    } catch {
      become(.away(reason: (error as? DatabaseError)?.message ?? "\(error)"))
    }
  }

  private func holds(_ probe: OwnWrites.Probe, _ database: Database) async throws -> Bool {
    let calendar: PartitionCalendar = configuration.calendar
    return try await database.read { try $0.holdsExchange(probe.exchangeID, calendar) }
  }

  private func openDatabase() async throws -> Database {
    if let database = state.withLock({ $0.database }) { return database }
    let database: Database = try await Database.open(configuration.database)
    do {
      let identity: String? = try await database.read { connection in
        try connection.checkSchema()
        return try connection.setting(.firstStartedAt)
      }
      guard identity == configuration.identity else { throw StoreError.unusable("it holds another history") }
    } catch {
      await database.close()
      throw error
    }
    state.withLock { $0.database = database }
    return database
  }

  /// Unless a reader has found it away while it was looked at, which is newer.
  private func becomeReady(since absences: Int) {
    guard state.withLock({ $0.condition.absences == absences }) else { return }
    become(.ready)
  }

  private func become(_ condition: ReplicaState.Condition) {
    guard let line = state.withLock({ $0.condition.become(condition) }) else { return }
    let name: String = "\(configuration.database.engine)"
    switch condition {
    case .away(let reason): log.warning(line, ["replica": name, "reason": reason])
    case .lagging: log.warning(line, ["replica": name])
    case .ready, .unknown: log.info(line, ["replica": name])
    }
  }

  func close() async {
    let database: Database? = state.withLock { state in
      defer { state.database = nil }
      return state.database
    }
    await database?.close()
  }
}

/// How a replica fares, and who was read.
package struct ReplicaStatistics: Sendable, Equatable {
  /// `ready`, `away`, `lagging`, or `unknown` before it was looked at.
  package var condition = "unknown"
  /// Reads that it answered.
  package var reads = 0
  /// Reads that it could not answer yet, since it lacked what the caller had written.
  package var behind = 0
  /// Reads that went elsewhere, since it was away, lagged or failed.
  package var missed = 0
}

extension Connection {
  /// Whether a conversation shows a change, or one of another that came later.
  fileprivate func holdsChange(_ time: Int64, of conversation: OwnWrites.Conversation) throws -> Bool {
    let shown: Int64? = try first(
      """
      SELECT updated_at
      FROM conversations
      WHERE account_id = \(conversation.account.text) AND id = \(conversation.id.text)
      """
    ) { $0.integer(0) }
    return shown.map { $0 >= time } ?? true
  }

  /// Whether an exchange is here, or was and has been dropped with its day.
  fileprivate func holdsExchange(_ id: UUIDv7, _ calendar: PartitionCalendar) throws -> Bool {
    let day: Day = calendar.day(of: id.milliseconds)
    let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
    do {
      for table in place.messageTables + place.errorTables {
        let found: Bool? = try first("SELECT 1 FROM \(identifier: table) WHERE id = \(id)") { _ in true }
        if found == true { return true }
      }
      return false
    } catch let error as DatabaseError where error.kind == .missingTable {
      return true
    }
  }
}

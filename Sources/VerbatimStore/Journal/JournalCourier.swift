import Databases
import Synchronization
import VerbatimModel

/// Takes what a journal holds to the history, in the journal's order, as soon as that can be reached again.
///
/// An entry leaves the journal only after the transaction that holds it, and the alias of a receipt whose key was taken
/// meanwhile, are committed. Whatever dies in between, the entry is delivered again by one that looks first, so it is
/// stored once. What cannot be stored is set aside, so that it blocks nobody.
final class JournalCourier: Sendable {
  /// Rounds in which an entry may fail for a reason that is not known to be its own, while others are delivered.
  private static let patience = 5
  private static let firstPause: Duration = .milliseconds(50)
  private static let longestPause: Duration = .seconds(2)

  private struct State {
    var task: Task<Void, Never>?
    /// Something came while the task was about to end.
    var isWoken = false
    var isStopped = false
  }

  private let journal: Journal
  private let connection: Connection
  private let tables: DayTables
  private let keys: ContentKeys
  private let replica: Replica?
  private let log: Log
  private let onDelivered: @Sendable () -> Void
  private let state = Mutex(State())

  /// `onDelivered` hears that the history takes records again.
  init(
    journal: Journal, connection: Connection, tables: DayTables, keys: ContentKeys, replica: Replica?, log: Log,
    onDelivered: @escaping @Sendable () -> Void
  ) {
    self.journal = journal
    self.connection = connection
    self.tables = tables
    self.keys = keys
    self.replica = replica
    self.log = log
    self.onDelivered = onDelivered
  }

  /// Something waits in the journal.
  func wake() {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.isWoken = true
      if state.task == nil { state.task = Task.detached { await self.run() } }
    }
  }

  /// Returns when nothing is under way; what was not delivered waits for the next start.
  func stop() async {
    let task: Task<Void, Never>? = state.withLock { state in
      state.isStopped = true
      return state.task
    }
    task?.cancel()
    await task?.value
  }

  /// Until the journal is empty.
  private func run() async {
    var failures: [Int64: Int] = [:]
    var pause: Duration = Self.firstPause
    while mayGoOn() {
      let round: Round = await deliverNext(failures: &failures)
      switch round {
      case .empty: continue
      case .delivered: pause = Self.firstPause
      case .failed:
        // Cancelling ends the wait early, and the loop then.
        try? await Task.sleep(for: pause)
        pause = min(pause * 2, Self.longestPause)
      }
      state.withLock { $0.isWoken = true }
    }
  }

  /// Whether there may be something to deliver; if not, the task ends.
  private func mayGoOn() -> Bool {
    state.withLock { state in
      guard state.isWoken, !state.isStopped else {
        state.task = nil
        return false
      }
      state.isWoken = false
      return true
    }
  }

  private enum Round { case empty, delivered, failed }

  private func deliverNext(failures: inout [Int64: Int]) async -> Round {
    do {
      let entries: [JournalEntry] = try await journal.waiting()
      guard !entries.isEmpty else { return .empty }
      var parcels: [Parcel] = []
      for entry in entries {
        do {
          let pending = try PendingExchange(journalEntry: entry.bytes, calendar: tables.calendar, keys: keys)
          parcels.append(Parcel(entry: entry, pending: pending))
        } catch {
          try await setAside(entry, reason: error.description)
        }
      }
      let stuck: [Parcel] = try await deliver(parcels[...])
      if stuck.count == entries.count { return .failed }
      for parcel in stuck {
        failures[parcel.entry.number, default: 0] += 1
        guard failures[parcel.entry.number, default: 0] >= Self.patience else { continue }
        failures[parcel.entry.number] = nil
        try await setAside(parcel.entry, reason: parcel.reason)
      }
      return .delivered
    } catch {
      log.info("MES journal waits", ["entries": "\(journal.statistics.waiting)", "error": "\(error)"])
      return .failed
    }
  }

  /// Delivers a batch, split where that helps; gives those that could not be stored. Throws when the history is away.
  private func deliver(_ parcels: ArraySlice<Parcel>, again: Bool = false) async throws -> [Parcel] {
    guard let first = parcels.first else { return [] }
    do {
      let batch: [PendingExchange] = parcels.map(\.pending)
      try await connection.runToEnd { [tables, replica] connection in
        let receipts: [Store.Receipt] = try connection.commit(batch, to: tables, mayBeStored: true)
        // Who wrote them reads them from now on, and the replica may lack them.
        replica?.note(receipts, of: batch, before: 0)
        try connection.insertAliases(from: batch, to: receipts)
      }
    } catch StoreError.outOfReach {
      guard parcels.count > 1 else {
        try await setAside(first.entry, reason: "the conversation is another user's or another app's")
        return []
      }
      let middle: Int = parcels.startIndex + parcels.count / 2
      let stuck: [Parcel] = try await deliver(parcels[..<middle])
      return try await stuck + deliver(parcels[middle...])
    } catch let error as DatabaseError where error.kind.mayConcernOneExchange {
      // A password that was changed or a schema that is gone is no exchange's own fault.
      try await connection.runToEnd { connection in _ = try connection.schemaVersion() }
      guard parcels.count > 1 else {
        if error.kind == .constraint {
          // An attempt whose answer was lost may have stored it only after this one looked.
          if !again { return try await deliver(parcels, again: true) }
          try await setAside(first.entry, reason: error.message)
          return []
        }
        return [Parcel(entry: first.entry, pending: first.pending, reason: error.message)]
      }
      let middle: Int = parcels.startIndex + parcels.count / 2
      let stuck: [Parcel] = try await deliver(parcels[..<middle])
      return try await stuck + deliver(parcels[middle...])
    }
    try await journal.remove(parcels.map(\.entry))
    onDelivered()
    log.info("MES journal delivered", ["exchanges": "\(parcels.count)", "waiting": "\(journal.statistics.waiting)"])
    return []
  }

  private func setAside(_ entry: JournalEntry, reason: String) async throws {
    try await journal.setAside(entry, reason: reason)
    log.error("MES journal entry set aside", ["number": "\(entry.number)", "reason": reason])
  }
}

/// An entry with the exchange that it holds.
private struct Parcel: Sendable {
  let entry: JournalEntry
  let pending: PendingExchange
  /// Why it could not be delivered.
  var reason = ""
}

extension DatabaseError.Kind {
  fileprivate var mayConcernOneExchange: Bool { self == .constraint || self == .statement }
}

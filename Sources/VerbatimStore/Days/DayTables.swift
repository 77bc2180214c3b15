import Databases
import Synchronization
import VerbatimModel

/// Where a process writes the rows of each day, and which of these tables it knows to be there.
///
/// What it knows may be wrong at any moment, since operators drop tables of days by hand: whoever meets a missing table
/// calls `forget`, and the next attempt makes it again.
final class DayTables: Sendable {
  /// What must be there before rows of a day are written.
  struct Need: Hashable, Sendable {
    enum Kind: Int, Sendable { case singleRows, messageTable, errorTable }

    let day: Day
    let kind: Kind
  }

  private struct State {
    var known: Set<Need> = []
    var partitions: [Day: Partition] = [:]
  }

  /// Statements of days that are kept put together.
  private static let keptPartitions = 64

  /// Whether each day's rows go to tables of that day.
  let isDaily: Bool
  let calendar: PartitionCalendar
  private let clock: @Sendable () -> Int64
  private let state = Mutex(State())

  init(isDaily: Bool, calendar: PartitionCalendar, clock: @escaping @Sendable () -> Int64) {
    self.isDaily = isDaily
    self.calendar = calendar
    self.clock = clock
  }

  var now: Int64 { clock() }
  var today: Day { calendar.day(of: clock()) }

  /// Where rows of a day are written.
  func partition(of day: Day) -> Partition {
    guard isDaily else { return .whole }
    return state.withLock { state in
      if let partition = state.partitions[day] { return partition }
      if state.partitions.count >= Self.keptPartitions { state.partitions.removeAll(keepingCapacity: true) }
      let partition = Partition(day: day)
      state.partitions[day] = partition
      return partition
    }
  }

  /// A batch's exchanges by where their rows are written.
  func parts(of batch: [PendingExchange]) -> [(Partition, [PendingExchange])] {
    guard isDaily, let first = batch.first else { return batch.isEmpty ? [] : [(.whole, batch)] }
    if batch.allSatisfy({ $0.day == first.day }) { return [(partition(of: first.day), batch)] }
    return Dictionary(grouping: batch, by: \.day).sorted { $0.key < $1.key }.map { (partition(of: $0.key), $0.value) }
  }

  /// What a batch needs and is not known to be there, in the order of days.
  func missing(for batch: [PendingExchange]) -> [Need] {
    state.withLock { state in
      var missing: Set<Need> = []
      for pending in batch {
        let need: Need = need(of: pending)
        if !state.known.contains(need) { missing.insert(need) }
      }
      return missing.sorted { ($0.day, $0.kind.rawValue) < ($1.day, $1.kind.rawValue) }
    }
  }

  /// These are there.
  func note(_ needs: [Need]) { state.withLock { $0.known.formUnion(needs) } }

  /// One of the tables that a batch needs is not there.
  func forget(_ batch: [PendingExchange]) {
    state.withLock { state in
      for pending in batch { state.known.remove(need(of: pending)) }
    }
  }

  /// As `forget`, for tables of days that were found to be gone.
  func forget(_ days: some Sequence<Day>) {
    let days = Set(days)
    state.withLock { state in state.known = state.known.filter { !days.contains($0.day) } }
  }

  private func need(of pending: PendingExchange) -> Need {
    guard isDaily else { return Need(day: pending.day, kind: .singleRows) }
    return Need(day: pending.day, kind: pending.isFailure ? .errorTable : .messageTable)
  }
}

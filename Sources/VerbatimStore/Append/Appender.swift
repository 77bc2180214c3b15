import Databases
import VerbatimModel

/// Takes exchanges for writing and answers when they are durable, on as many connections as the database writes with.
///
/// The exchanges of one conversation go to one lane, so that two transactions do not move the counters of one
/// conversation at once. A caller that goes away does not take its exchange with it: what was queued is written.
final class Appender: Sendable {
  typealias Outcome = Result<Store.Receipt, StoreError>

  private let lanes: [AppendLane]

  /// `limits` are those of all lanes together; `commit` writes one batch. `onHanging`: as an `AppendLane` has it, of each
  /// lane.
  init(
    connections: [Connection], dialect: Dialect, limits: AppendLimits, log: Log,
    onHanging: @escaping @Sendable (Bool) -> Void = { _ in }, commit: @escaping AppendLane.Commit
  ) {
    let limits: AppendLimits = limits.shared(by: connections.count)
    lanes = connections.map {
      AppendLane(
        connection: $0, dialect: dialect, limits: limits, log: log, onHanging: onHanging, commit: commit)
    }
  }

  /// Why and when a lane's last batch could not be written; nil when all could.
  var lastFailure: WriteFailure? { lanes.lazy.compactMap(\.lastFailure).first }

  func clearFailure() {
    for lane in lanes { lane.clearFailure() }
  }

  /// Answers when the exchange is durable, or is known not to be stored.
  func append(_ pending: PendingExchange) async -> Outcome {
    await withUnsafeContinuation { continuation in
      lanes[index(of: pending)].submit([AppendLane.Entry(pending: pending, completion: .single(continuation))])
    }
  }

  /// Answers in order when each is durable, or is known not to be stored.
  func append(_ group: [PendingExchange]) async -> [Outcome] {
    guard !group.isEmpty else { return [] }
    return await withUnsafeContinuation { continuation in
      let results = GroupResults(count: group.count, continuation: continuation)
      var entries: [[AppendLane.Entry]] = Array(repeating: [], count: lanes.count)
      for (place, pending) in group.enumerated() {
        let completion: AppendCompletion = .member(results, index: place)
        entries[index(of: pending)].append(AppendLane.Entry(pending: pending, completion: completion))
      }
      for (lane, entries) in zip(lanes, entries) where !entries.isEmpty { lane.submit(entries) }
    }
  }

  /// Takes no more, and returns when everything that was queued is written.
  func close() async {
    for lane in lanes { await lane.close() }
  }

  private func index(of pending: PendingExchange) -> Int {
    guard lanes.count > 1 else { return 0 }
    var hasher = Hasher()
    hasher.combine(pending.accountID)
    hasher.combine(pending.conversationID)
    return Int(UInt(bitPattern: hasher.finalize()) % UInt(lanes.count))
  }
}

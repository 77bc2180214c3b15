import Databases
import VerbatimModel

extension Store {
  /// Deletes the feed's first entries as long as they name dropped days alone: nobody finds anything by them.
  func pruneFeed() async throws {
    while try await writing({ try $0.pruneSomeEntries() }) { try Task.checkCancellation() }
  }
}

extension Connection {
  private static let prunedAtOnce = 500

  /// Answers whether there may be more.
  fileprivate func pruneSomeEntries() throws -> Bool {
    try transaction {
      let dropped: [Int64] = try query("SELECT day FROM verbatim_partitions WHERE state = 'dropped'") { $0.integer(0) }
      guard !dropped.isEmpty, let newest = try newestBatch() else { return false }
      let days = Set(dropped.map { Day(number: Int32(clamping: $0)) })
      let floor: Int64 = try feedFloor()
      // Numbers that are left out may be those of transactions under way, and the newest entry gives the next its number.
      let entries: [FeedEntry] = try batches(after: floor, limit: Self.prunedAtOnce)
      let pruned = zip(entries, (floor + 1)...).prefix { entry, number in
        entry.number == number && number < newest && entry.exchanges.allSatisfy { days.contains($0.day) }
      }
      guard let last = pruned.last?.0.number else { return false }
      try execute("DELETE FROM verbatim_batches WHERE seq <= \(last)")
      try setSetting(.feedFloor, to: "\(last)")
      return last - floor == Int64(Self.prunedAtOnce)
    }
  }
}

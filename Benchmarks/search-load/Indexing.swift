import VerbatimModel
import VerbatimStore

enum Indexing {
  private static let callers = 128
  private static let exchanges = 40_000

  /// Takes everything into the index, then merges.
  static func build(_ store: Store, _ figures: inout Figures) async throws {
    let indexer = try SearchIndexer(store)
    let start: ContinuousClock.Instant = .now
    repeat { _ = try await indexer.round() } while try await store.searchIndexStatus().remainingDays > 0
    let scanned: Double = seconds(since: start)
    while try await indexer.round() {}
    let status = try await store.searchIndexStatus()
    figures["indexed_per_s"] = Double(status.messages) / scanned
    figures["indexed_and_merged_per_s"] = Double(status.messages) / seconds(since: start)
    figures["segments"] = Double(status.segments)
  }

  /// Exchanges a second of many callers, in turns without an indexer and with one that follows; medians.
  static func compareInserts(_ store: Store, _ corpus: Corpus, rounds: Int, _ figures: inout Figures) async throws {
    let filling = Filling(messages: 0, corpus: corpus)
    var (without, with, behind): ([Double], [Double], [Double]) = ([], [], [])
    for round in 0..<rounds {
      without.append(try await inserts(store, filling, from: (2 * round + 100) * exchanges))
      try await catchUp(store)
      let task = Task { try await SearchIndexer(store).run() }
      with.append(try await inserts(store, filling, from: (2 * round + 101) * exchanges))
      task.cancel()
      try await task.value
      let start: ContinuousClock.Instant = .now
      try await catchUp(store)
      behind.append(seconds(since: start))
    }
    figures["inserts_per_s"] = median(without)
    figures["inserts_indexing_per_s"] = median(with)
    figures["catch_up_s"] = median(behind)
  }

  private static func catchUp(_ store: Store) async throws {
    let indexer = try SearchIndexer(store)
    while try await indexer.round() {}
  }

  private static func inserts(_ store: Store, _ filling: Filling, from first: Int) async throws -> Double {
    let start: ContinuousClock.Instant = .now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<callers {
        group.addTask {
          for number in stride(from: first + caller, to: first + exchanges, by: callers) {
            _ = try await store.append(filling.exchange(number, at: nil), account: "default")
          }
        }
      }
      try await group.waitForAll()
    }
    return Double(exchanges) / seconds(since: start)
  }
}

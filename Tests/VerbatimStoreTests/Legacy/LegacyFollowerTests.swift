import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// New API goes on writing while its history is copied.
@Suite struct LegacyFollowerTests {
  @Test(arguments: TestEngine.allCases)
  func `what is there is copied once, however often`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 40)
      try await legacy.run([engine.history("conversation_histories")])
      try await legacy.insert(into: "conversation_histories", LegacyCorpus.historyColumns, corpus.historyRows())
      try await TestEngine.sqlite.withStore { store in
        for _ in 0..<2 { try await LegacyFollower(from: legacy.place, to: store).copyOnce() }
        try await expect(corpus, in: store)
        #expect(try await store.findings() == [])
      }
      #expect(try await legacy.count("conversation_histories") == 80)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows that come later, out of order and in new tables are copied`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 60)
      let rows: [[LegacyDatabase.Value]] = corpus.historyRows()
      // Ids as a server gives them; rows 40 to 43, two whole exchanges, are committed late.
      let numbered: [[LegacyDatabase.Value]] = rows.enumerated().map { [.integer(Int64($0 + 1))] + $1 }
      let columns: [String] = ["id"] + LegacyCorpus.historyColumns
      let parts: [(table: String, rows: [[LegacyDatabase.Value]])] = [
        ("conversation_histories_2025_01_15", Array(numbered[..<40] + numbered[44..<60])),
        ("conversation_histories_2025_01_15", Array(numbered[40..<44])),
        ("conversation_histories_2025_01_16", Array(numbered[60...])),
      ]
      try await legacy.run([engine.history("conversation_histories_2025_01_15")])
      try await TestEngine.sqlite.withStore { store in
        var options = LegacyFollower.Options()
        options.settling = .zero
        let rounds = Mutex(0)
        let follower = LegacyFollower(from: legacy.place, to: store, options: options) { _ in
          let round: Int = rounds.withLock { rounds in
            rounds += 1
            return rounds
          }
          // Every part is followed by two rounds, one of which sees it settled.
          guard round % 3 == 1 else { return }
          guard round / 3 < parts.count else { throw CancellationError() }
          let part = parts[round / 3]
          if part.table.hasSuffix("16") { try await legacy.run([engine.history(part.table)]) }
          try await legacy.insert(into: part.table, columns, part.rows)
        }
        await #expect(throws: CancellationError.self) { try await follower.follow() }
        try await expect(corpus, in: store)
        #expect(try await store.findings() == [])
      }
    }
  }

  @Test func `a table that was at rest is looked into again when rows come`() async throws {
    try await TestEngine.sqlite.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 60)
      let rows: [[LegacyDatabase.Value]] = corpus.historyRows()
      let table = "conversation_histories_2025_01_15"
      try await legacy.run([TestEngine.sqlite.history(table)])
      try await TestEngine.sqlite.withStore { store in
        var options = LegacyFollower.Options()
        options.settling = .zero
        options.patience = .zero
        let rounds = Mutex(0)
        let follower = LegacyFollower(from: legacy.place, to: store, options: options) { _ in
          let round: Int = rounds.withLock { rounds in
            rounds += 1
            return rounds
          }
          // Six rounds each: some move rows, then nothing comes.
          guard round <= 12 else { throw CancellationError() }
          let part = round == 1 ? rows[..<60] : round == 7 ? rows[60...] : []
          if !part.isEmpty { try await legacy.insert(into: table, LegacyCorpus.historyColumns, Array(part)) }
        }
        await #expect(throws: CancellationError.self) { try await follower.follow() }
        try await expect(corpus, in: store)
      }
    }
  }

  /// Everything is there once; exchanges that came late stand by their time.
  private func expect(_ corpus: LegacyCorpus, in store: Store) async throws {
    for conversation in 0..<corpus.conversationCount {
      let page = try #require(
        await store.exchanges(
          of: "conv_\(conversation)", account: "\(conversation % 3)", before: nil, limit: 1000))
      #expect(page.turns(conversation) == corpus.expected(conversation))
    }
  }
}

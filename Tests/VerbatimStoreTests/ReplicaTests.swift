import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Several stores on one server's database, and a server that goes away.
@Suite struct ReplicaTests {
  @Test(arguments: TestEngine.servers)
  func `two replicas with repeats keep counters exact`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { first in
        try await fixture.withStore { second in
          let receipts = try await Self.load([first, second])
          // Each of the 200 keys is one exchange, whoever asked; what had no key is one each.
          #expect(Set(receipts.map(\.exchangeID)).count == 200 + 400)
          let stored = receipts.filter { !$0.isDuplicate }.count
          #expect(stored == 200 + 400)
          let findings = try await second.findings()
          #expect(findings == [])
        }
      }
    }
  }

  /// Both replicas append 200 exchanges with the same keys, in opposite orders, and 200 of their own.
  private static func load(_ stores: [Store]) async throws -> [Store.Receipt] {
    try await withThrowingTaskGroup(of: Store.Receipt.self) { group in
      for (place, store) in stores.enumerated() {
        for turn in 0..<200 {
          let number: Int = place == 0 ? turn : 199 - turn
          let keyed = NewExchange.sample(conversation: number % 2 == 0 ? "c-\(number % 7)" : nil, key: "k-\(number)")
          group.addTask { try await store.append(keyed, account: "a") }
          group.addTask { try await store.append(.sample(conversation: "c-\(number % 5)"), account: "a") }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a batch that may be stored already is not stored twice`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var attached = NewExchange.sample(conversation: "c")
      attached.attachments = [Attachment(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user)]
      let batch: [PendingExchange] = [
        .sample(conversation: "c", key: "k"), .sample(conversation: "c", key: "k"), .sample(key: "u"), .sample(),
        .failure(conversation: "c"), attached,
      ].map { store.pending($0, account: "a") }
      let first = try await store.commit(batch, mayBeStored: false)
      let again = try await store.commit(batch, mayBeStored: true)
      #expect(again == first)
      #expect(first.map(\.isDuplicate) == [false, true, false, false, false, false])
      let conversation = try await store.conversation("c", account: "a")
      #expect(conversation?.dialogueCount == 2)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is missing of a batch that may be stored is stored`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let batch: [PendingExchange] = (0..<4).map { store.pending(.sample(conversation: "c-\($0)"), account: "a") }
      _ = try await store.commit(Array(batch[..<2]), mayBeStored: false)
      _ = try await store.commit(batch, mayBeStored: true)
      for number in 0..<4 {
        let conversation = try await store.conversation("c-\(number)", account: "a")
        #expect(conversation?.dialogueCount == 1)
      }
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }
}

extension Store {
  /// As the appender does for a batch.
  fileprivate func commit(_ batch: [PendingExchange], mayBeStored: Bool) async throws -> [Receipt] {
    let tables: DayTables = dayTables
    return try await database.writer.runToEnd { try $0.commit(batch, to: tables, mayBeStored: mayBeStored) }
  }
}

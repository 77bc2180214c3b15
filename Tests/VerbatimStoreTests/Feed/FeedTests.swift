import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct FeedTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `every exchange is given once, with the day that it is on`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(2)
      let receipts = try await withThrowingTaskGroup(of: Store.Receipt.self) { group in
        for number in 0..<60 {
          group.addTask { try await store.append(.sample(conversation: "c-\(number % 7)", key: "k"), account: "a") }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let stored = Set(receipts.map(\.exchangeID))
      let (entries, end) = try await store.everything()
      let given: [FeedExchange] = entries.flatMap(\.exchanges)
      #expect(given.count == 6 + 7)
      #expect(stored.isSubset(of: Set(given.map(\.id))))
      #expect(given.allSatisfy { store.calendar.day(of: $0.id.milliseconds) == $0.day })
      #expect(entries.map(\.number) == entries.map(\.number).sorted())
      for entry in entries {
        for exchange in entry.exchanges { #expect(try await store.batch(of: exchange.id) == entry.number) }
      }
      #expect(try await store.feedEnd() == end)
      let rest = try await store.everything(after: end)
      #expect(rest.entries.isEmpty && rest.position == end)
      #expect(try await store.findings() == [])
    }
  }

  @Test(arguments: TestEngine.servers)
  func `what a transaction under way will commit is waited for, not passed over`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        let before = try await store.append(.sample(), account: "a")
        let held = try await HeldBatch(on: fixture.engine, commits: true)
        let after = try await store.append(.sample(), account: "a")
        let blocked = try await store.everything()
        #expect(blocked.entries.flatMap(\.exchanges).map(\.id) == [before.exchangeID])
        #expect(blocked.position == held.number - 1)
        #expect(try await store.feedEnd() == held.number - 1)
        try await held.end()
        let free = try await store.everything(after: blocked.position)
        #expect(free.entries.flatMap(\.exchanges).map(\.id) == [after.exchangeID])
        #expect(free.position == held.number + 1)
        #expect(try await store.feedEnd() == held.number + 1)
      }
    }
  }

  @Test(arguments: TestEngine.servers)
  func `a number that was rolled back stops nobody`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        let held = try await HeldBatch(on: fixture.engine, commits: false)
        try await held.end()
        let receipt = try await store.append(.sample(), account: "a")
        let (entries, position) = try await store.everything()
        #expect(entries.map(\.number) == [held.number + 1])
        #expect(entries.flatMap(\.exchanges).map(\.id) == [receipt.exchangeID])
        #expect(position == held.number + 1)
        #expect(try await store.findings() == [])
      }
    }
  }

  @Test func `who comes late with a number that was closed draws another`() async throws {
    try await TestEngine.postgreSQL.withStore { store in
      _ = try await store.append(.sample(), account: "a")
      try await store.database.writer.run { try $0.closeNumbers(2..<4) }
      let late = try await store.append(.sample(), account: "a")
      let (entries, position) = try await store.everything()
      #expect(entries.map(\.number) == [1, 4])
      #expect(entries.last?.exchanges.map(\.id) == [late.exchangeID])
      #expect(position == 4)
    }
  }

  @Test(arguments: TestEngine.servers)
  func `followers of two replicas that write at once miss nothing and see nothing twice`(
    engine: TestEngine
  ) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { first in
        try await fixture.withStore { second in
          async let written = Self.write(to: [first, second])
          var given: [UUIDv7] = []
          var position: Int64 = 0
          while given.count < 400 {
            let page = try await second.feed(after: position, limit: 7)
            given += page.entries.flatMap(\.exchanges).map(\.id)
            position = page.position
            try Task.checkCancellation()
          }
          let stored = try await written
          #expect(given.count == 400)
          #expect(Set(given) == stored)
          #expect(try await first.feedEnd() == position)
          #expect(try await first.findings() == [])
        }
      }
    }
  }

  /// 200 exchanges each.
  private static func write(to stores: [Store]) async throws -> Set<UUIDv7> {
    try await withThrowingTaskGroup(of: UUIDv7.self) { group in
      for store in stores {
        for number in 0..<200 {
          group.addTask { try await store.append(.sample(conversation: "c-\(number % 20)"), account: "a").exchangeID }
        }
      }
      return try await group.reduce(into: []) { $0.insert($1) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a batch that is tried again leaves one entry`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let batch: [PendingExchange] = (0..<3).map { store.pending(.sample(conversation: "c-\($0)"), account: "a") }
      let tables: DayTables = store.dayTables
      for mayBeStored in [false, true] {
        _ = try await store.database.writer.runToEnd {
          try $0.commit(batch, to: tables, mayBeStored: mayBeStored)
        }
      }
      let (entries, _) = try await store.everything()
      #expect(entries.count == 1)
      #expect(entries.first?.exchanges.count == 3)
    }
  }
}

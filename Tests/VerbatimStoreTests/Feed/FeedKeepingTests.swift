import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// What becomes of the feed when days are dropped, archives come back, histories are copied or upgraded.
@Suite struct FeedKeepingTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `entries go with the days that they name`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(3)
      let before = try await store.everything()
      #expect(before.position == 9)
      // The second day's entries stay, for the first day's come before them.
      try await store.drop(Day(number: 20_250_116))
      try await store.pruneFeed()
      #expect(try await store.everything().entries == before.entries)
      try await store.drop(Day(number: 20_250_115))
      try await store.pruneFeed()
      let left = try await store.everything()
      #expect(left.entries == Array(before.entries.suffix(3)))
      #expect(left.position == 9)
      #expect(try await store.feedEnd() == 9)
      #expect(try await store.findings() == [])
      let next = try await store.append(.sample(), account: "a")
      #expect(try await store.everything(after: 9).entries.flatMap(\.exchanges).map(\.id) == [next.exchangeID])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the newest entry gives the next its number, whatever was dropped`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.fillDays(1)
      try await store.drop(Day(number: 20_250_115))
      try await store.pruneFeed()
      let next = try await store.append(.sample(), account: "a")
      #expect(try await store.batch(of: next.exchangeID) == 4)
      #expect(try await store.everything().position == 4)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what an archive brings back is named again and keeps its first place`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.fillDays(1)
      let layout = try await store.archiveLayout()
      var archived: [ArchivedExchange] = []
      let day = Day(number: 20_250_115)
      _ = try await store.forEachExchange(of: day, layout) { archived += $0 }
      for isElsewhere in [false, true] {
        let restored: [ArchivedExchange] = archived
        try await store.drop(day)
        try await store.sweepLeftovers()
        let end = try await store.feedEnd()
        _ = try await store.restore(restored, layout, areCounted: !isElsewhere)
        let again = try await store.everything(after: end)
        #expect(again.entries.count == 1)
        let exchanges = try #require(again.entries.first?.exchanges)
        #expect(exchanges.count == 3)
        for exchange in exchanges {
          let batch = try await store.batch(of: exchange.id)
          #expect(isElsewhere ? batch == again.position : (1...3).contains(batch ?? 0))
        }
      }
    }
  }

  @Test(arguments: CopyTests.pairs)
  func `a copy has the feed of its source and goes on from there`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      let given = try await fixture.source.withStore { store in
        try await CopyFixture.fill(store)
        return try await store.everything()
      }
      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        let taken = try await store.everything()
        #expect(taken.entries == given.entries)
        #expect(taken.position == given.position)
        let next = try await store.append(.sample(), account: "a")
        let rest = try await store.everything(after: taken.position)
        #expect(rest.entries.flatMap(\.exchanges).map(\.id) == [next.exchangeID])
        #expect(try await store.findings() == [])
      }
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a history from before the feed gets one from then on`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.isDaily = isDaily }) { store in
        try await store.fillDays(2)
        let tables = try await store.database.read { try $0.historyTables() }
        #expect(tables.isEmpty == !isDaily)
        try await store.database.writer.run { connection in
          for table in tables { try connection.executeScript("ALTER TABLE \(table) DROP COLUMN batch") }
        }
      }
      let configuration = Store.Configuration(fixture.engine)
      try await Store.migrate(configuration, to: 4, allowsLoss: true) { _ in }
      try await fixture.withStore({ $0.isDaily = isDaily }) { store in
        #expect(try await store.everything().entries.isEmpty)
        try await store.fillDays(3)
        let (entries, _) = try await store.everything()
        // What has a key was there; the failures are new.
        #expect(entries.flatMap(\.exchanges).count == 5)
        #expect(try await store.findings() == [])
      }
    }
  }
}

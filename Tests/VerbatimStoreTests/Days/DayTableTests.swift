import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// 2025-01-15 00:00 UTC.
let midJanuary: Int64 = 1_736_899_200_000
let dayLength: Int64 = 86_400_000

@Suite struct DayTableTests {
  @Test(arguments: TestEngine.allCases)
  func `every day's rows stand in the tables of that day`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      var expected: [UUIDv7] = []
      for turn in 0..<12 {
        var exchange: NewExchange = turn % 4 == 3 ? .failure(conversation: "c") : .sample(conversation: "c")
        exchange.createdAt = midJanuary + Int64(turn / 3) * dayLength + Int64(turn)
        expected.append(try await store.append(exchange, account: "a").exchangeID)
      }
      let tables = try await store.tablesOfDays()
      for day in 15...18 {
        #expect(tables.contains("conversation_histories_2025_01_\(day)"))
        #expect(tables.contains("error_conversation_histories_2025_01_\(day)") == (day != 15))
      }
      #expect(try await store.rowCount("conversation_histories") == 0)
      #expect(try await store.rowCount("conversation_histories_2025_01_15") == 6)
      #expect(try await store.rowCount("error_conversation_histories_2025_01_16") == 1)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.map(\.id) == expected)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `today's and tomorrow's tables are made ahead, failures' only when there is one`(
    engine: TestEngine
  ) async throws {
    let clock = SettableClock(midJanuary + 1)
    try await engine.withStore({
      $0.isDaily = true; $0.clock = { clock.now }
    }) { store in
      #expect(
        try await store.tablesOfDays() == [
          "conversation_histories_2025_01_15", "conversation_histories_2025_01_16",
        ])
      clock.set(midJanuary + dayLength)
      await store.maintainOnce()
      #expect(try await store.tablesOfDays().contains("conversation_histories_2025_01_17"))
      _ = try await store.append(.failure(), account: "a")
      #expect(try await store.tablesOfDays().contains("error_conversation_histories_2025_01_16"))
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `midnight under load loses nothing and puts each exchange on its day`(engine: TestEngine) async throws {
    let clock = SettableClock(midJanuary + dayLength - 1)
    try await engine.withStore({
      $0.isDaily = true; $0.clock = { clock.now }
    }) { store in
      let receipts = try await withThrowingTaskGroup(of: Store.Receipt.self) { group in
        var receipts: [Store.Receipt] = []
        for turn in 0..<300 {
          if turn == 150 {
            while receipts.count < 10, let receipt = try await group.next() { receipts.append(receipt) }
            clock.set(midJanuary + dayLength)
          }
          let exchange: NewExchange =
            turn % 10 == 9 ? .failure(conversation: "c-\(turn % 7)") : .sample(conversation: "c-\(turn % 7)")
          group.addTask { try await store.append(exchange, account: "a") }
        }
        return try await group.reduce(into: receipts) { $0.append($1) }
      }
      #expect(Set(receipts.map(\.exchangeID)).count == 300)
      let before = receipts.filter { $0.exchangeID.milliseconds < midJanuary + dayLength }.count
      #expect((10...150).contains(before))
      var stored: Int64 = 0
      for table in try await store.tablesOfDays() where table.hasPrefix("conversation") {
        stored += try await store.rowCount(table)
      }
      #expect(stored == 270 * 2)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.servers)
  func `two replicas make the same days at once`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.isDaily = true }) { first in
        try await fixture.withStore({ $0.isDaily = true }) { second in
          try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<120 {
              var exchange: NewExchange = turn % 5 == 4 ? .failure() : .sample(conversation: "c-\(turn % 3)")
              exchange.createdAt = midJanuary + Int64(turn % 6) * dayLength
              group.addTask { [exchange] in _ = try await first.append(exchange, account: "a") }
              group.addTask { [exchange] in _ = try await second.append(exchange, account: "a") }
            }
            try await group.waitForAll()
          }
          let conversation = try await first.conversation("c-0", account: "a")
          #expect(conversation?.dialogueCount == 64)
          let findings = try await second.findings()
          #expect(findings == [])
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `switching to tables of days and back keeps everything readable`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      var expected: [UUIDv7] = []
      for (round, isDaily) in [false, true, false, true].enumerated() {
        try await fixture.withStore({ $0.isDaily = isDaily }) { store in
          for turn in 0..<4 {
            var exchange: NewExchange = turn == 3 ? .failure(conversation: "c") : .sample(conversation: "c")
            // Two turns of each round lie on a day that all rounds share.
            exchange.createdAt =
              midJanuary + Int64(turn % 2 == 0 ? 0 : round + 1) * dayLength + Int64(round * 10 + turn)
            expected.append(try await store.append(exchange, account: "a").exchangeID)
          }
        }
      }
      expected.sort()
      for isDaily in [false, true] {
        try await fixture.withStore({ $0.isDaily = isDaily }) { store in
          for limit in [1, 3, 100] {
            #expect(try await store.allExchanges(of: "c", limit: limit, from: .newest) == expected)
            #expect(try await store.allExchanges(of: "c", limit: limit, from: .oldest) == expected)
          }
          let findings = try await store.findings()
          #expect(findings == [])
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a key holds across days`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      var first = NewExchange.sample(conversation: "c", key: "k")
      first.createdAt = midJanuary
      let receipt = try await store.append(first, account: "a")
      let again = try await store.append(.sample(conversation: "c", key: "k"), account: "a")
      #expect(again.isDuplicate)
      #expect(again.exchangeID == receipt.exchangeID)
    }
  }
}

extension Store {
  func tablesOfDays() async throws -> Set<String> {
    try await database.read { connection in try connection.historyTables() }
  }

  func rowCount(_ table: String) async throws -> Int64 {
    try await database.read { connection in
      try connection.first("SELECT count(*) FROM \(identifier: table)") { $0.integer(0) } ?? -1
    }
  }

  /// Every exchange of a conversation, page by page from one end, oldest first.
  func allExchanges(of conversation: String, limit: Int, from start: PagePlace) async throws -> [UUIDv7] {
    var ids: [UUIDv7] = []
    var place: PagePlace = start
    while case .page(let page) = try await exchanges(of: conversation, within: .account("a"), from: place, limit: limit)
    {
      let found: [UUIDv7] = page.exchanges.map(\.id)
      switch place {
      case .newest, .before: ids = found + ids
      case .oldest, .after: ids += found
      }
      guard page.hasMore, let first = found.first, let last = found.last else { return ids }
      switch place {
      case .newest, .before: place = .before(first)
      case .oldest, .after: place = .after(last)
      }
    }
    return ids
  }
}

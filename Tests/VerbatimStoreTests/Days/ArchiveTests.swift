import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// What leads to exchanges that were archived, dropped and put back.
@Suite struct ArchiveTests {
  private static let day = Day(number: 20_250_115)

  @Test(arguments: TestEngine.allCases)
  func `a repeat that names no conversation is known`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange = NewExchange.sample(key: "k")
      exchange.createdAt = midJanuary
      let receipt = try await store.append(exchange, account: "a")
      let (layout, archived) = try await store.archived(Self.day)
      try await store.drop(Self.day)
      try await store.sweepLeftovers()
      #expect(try await store.restore(archived, layout, areCounted: true) == 1)
      for conversation in [nil, receipt.conversationID] {
        let repeated = try await store.append(.sample(conversation: conversation, key: "k"), account: "a")
        #expect(repeated.isDuplicate)
        #expect(repeated.exchangeID == receipt.exchangeID)
      }
      #expect(try await store.append(.sample(key: "k", user: "other"), account: "a").isDuplicate == false)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a day comes back before what it left is swept`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(2)
      let (layout, archived) = try await store.archived(Self.day)
      try await store.drop(Self.day)
      #expect(try await store.restore(archived, layout, areCounted: true) == 3)
      try await store.sweepLeftovers()
      #expect(try await store.total("SELECT count(*) FROM verbatim_response_ids") == 4)
      #expect(try await store.append(.sample(conversation: "c", key: "k-0-0"), account: "a").isDuplicate)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }
}

extension Store {
  fileprivate func archived(_ day: Day) async throws -> (layout: ArchiveLayout, exchanges: [ArchivedExchange]) {
    let layout = try await archiveLayout()
    var exchanges: [ArchivedExchange] = []
    _ = try await forEachExchange(of: day, layout) { exchanges += $0 }
    return (layout, exchanges)
  }
}

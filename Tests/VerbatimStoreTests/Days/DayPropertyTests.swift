import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Tables of days answer what a single table answers, whatever went in.
@Suite struct DayPropertyTests {
  @Test(arguments: TestEngine.allCases, [UInt64(1), 2, 3])
  func `pages over tables of days equal those over a single table`(engine: TestEngine, seed: UInt64) async throws {
    let exchanges: [NewExchange] = Self.exchanges(seed)
    let single = try await Self.answers(engine, exchanges, isDaily: false)
    let daily = try await Self.answers(engine, exchanges, isDaily: true)
    #expect(single.count > 100)
    #expect(daily == single)
  }

  /// Of three conversations on up to forty days, in no order, many of them at one time.
  private static func exchanges(_ seed: UInt64) -> [NewExchange] {
    var random = SplitMix(state: seed)
    return (0..<150).map { turn in
      let conversation = "c-\(random.below(3))"
      var exchange: NewExchange =
        random.below(5) == 0 ? .failure(conversation: conversation) : .sample(conversation: conversation)
      exchange.messages = (0...random.below(3)).map { .text("user", "\(turn).\($0)") }
      if exchange.failure == nil {
        exchange.choices = (0...random.below(2)).map { .text("assistant", "\(turn)-\($0)") }
      }
      exchange.createdAt = midJanuary + Int64(random.below(40)) * dayLength + Int64(random.below(3)) * 1000
      return exchange
    }
  }

  /// Every page in both orders with several limits, by what was said.
  private static func answers(_ engine: TestEngine, _ exchanges: [NewExchange], isDaily: Bool) async throws -> [String]
  {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      for exchange in exchanges { _ = try await store.append(exchange, account: "a") }
      let findings = try await store.findings()
      #expect(findings == [])
      var answers: [String] = []
      for conversation in ["c-0", "c-1", "c-2"] {
        for (limit, start) in [(1, PagePlace.newest), (7, .newest), (100, .newest), (1, .oldest), (9, .oldest)] {
          answers += try await pages(store, conversation, limit: limit, from: start)
        }
      }
      return answers
    }
  }

  private static func pages(
    _ store: Store, _ conversation: String, limit: Int, from start: PagePlace
  ) async throws -> [String] {
    var pages: [String] = []
    var place: PagePlace = start
    while case .page(let page) = try await store.exchanges(
      of: conversation, within: .account("a"), from: place, limit: limit)
    {
      let said = page.exchanges.map { exchange in
        (exchange.messages + exchange.choices).compactMap { $0.content?.string }.joined(separator: ",")
      }
      pages.append(said.joined(separator: " ") + " \(page.hasMore)")
      guard page.hasMore, let first = page.exchanges.first, let last = page.exchanges.last else { return pages }
      if case .newest = start { place = .before(first.id) } else { place = .after(last.id) }
    }
    return pages
  }
}

/// A small generator with a seed: https://prng.di.unimi.it/splitmix64.c
private struct SplitMix {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value: UInt64 = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }
}

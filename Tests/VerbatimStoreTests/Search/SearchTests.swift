import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct SearchTests {
  @Test(arguments: TestEngine.allCases)
  func `only what is within reach is found`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for (account, app, user) in [
        ("a", "shop", "ana"), ("a", "shop", "bob"), ("a", "bank", "ana"), ("b", "shop", "ana"),
      ] {
        _ = try await store.append(
          .sample(query: "天气", answer: "-", conversation: "\(app) \(user)", app: app, user: user), account: account)
      }
      try await store.indexAll()
      let reaches: [(Reach, Int)] = [
        (.account("a"), 3), (.account("b"), 1), (.account("c"), 0), (Reach(account: nil), 4),
        (Reach(account: "a", app: "shop"), 2), (Reach(account: "a", app: "shop", user: "ana"), 1),
        (Reach(account: "a", user: "ana"), 2), (Reach(account: "a", user: "Ana"), 0),
      ]
      for (reach, count) in reaches {
        for sort in SearchRequest.Sort.allCases {
          let page = try await store.find("天气", within: reach, sort: sort)
          #expect(page.results.count == count && page.limit == nil, "\(reach)")
        }
      }
      let ofApp = try await store.find("天气") { $0.app = "bank" }
      let ofUser = try await store.find("天气", within: Reach(account: "a", app: "shop")) { $0.user = "bob" }
      #expect(ofApp.results.map(\.conversationID) == ["bank ana"])
      #expect(ofUser.results.map(\.conversationID) == ["shop bob"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a search is narrowed by role, model and time`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for (index, model) in ["gpt-4o", "qwen"].enumerated() {
        var exchange = NewExchange.sample(query: "swift?", answer: "swift!", conversation: "c\(index)")
        exchange.modelName = model
        exchange.createdAt = SearchFixture.noon + Int64(index) * 1_000
        _ = try await store.append(exchange, account: "a")
      }
      try await store.indexAll()
      let byRole = try await store.find("swift") { $0.role = "assistant" }
      let byModel = try await store.find("swift") { $0.model = "qwen" }
      let byTime = try await store.find("swift") { $0.times = SearchFixture.noon..<SearchFixture.noon + 1_000 }
      let before = try await store.find("swift") { $0.times = 0..<SearchFixture.noon }
      #expect(byRole.results.map(\.role) == ["assistant", "assistant"])
      #expect(byModel.results.map(\.conversationID) == ["c1", "c1"])
      #expect(byTime.results.map(\.conversationID) == ["c0", "c0"])
      #expect(before.results.isEmpty && before.limit == nil)
      let first = try #require(byRole.results.first)
      #expect(first.messageID == first.exchangeID && first.createdAt == SearchFixture.noon + 1_000)
      #expect(first.snippet == "<mark>swift</mark>!" && first.score > 0)
    }
  }

  @Test(arguments: TestEngine.allCases, SearchRequest.Sort.allCases)
  func `pages give everything once while messages come`(engine: TestEngine, sort: SearchRequest.Sort) async throws {
    try await engine.withStore { store in
      let exchanges: [NewExchange] = (0..<30).map { index in
        var exchange = NewExchange.sample(
          query: String(repeating: "swift ", count: index % 4 + 1), answer: "-", conversation: "c")
        exchange.createdAt = SearchFixture.noon + Int64(index)
        return exchange
      }
      for result in await store.append(exchanges, account: "a") { _ = try result.get() }
      try await store.indexAll()
      let all = try await store.find("swift", sort: sort).results
      var pages: [SearchResult] = []
      var cursor: SearchCursor?
      repeat {
        let from = try cursor.map { try #require(SearchCursor($0.text, of: sort)) }
        let page = try await store.find("swift", sort: sort, limit: 7) { $0.cursor = from }
        pages += page.results
        cursor = page.next
        _ = try await store.append(.sample(query: "swift swift swift", conversation: "d"), account: "a")
        try await store.indexAll()
      } while cursor != nil
      #expect(pages == all && all.count == 30)
      if sort == .rank { #expect(zip(all, all.dropFirst()).allSatisfy { $0.score >= $1.score }) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a deleted conversation is not found, a purged one leaves no word`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(query: "geheimnis", answer: "wort", conversation: "c"), account: "a")
      _ = try await store.append(.sample(query: "rest", answer: "wort", conversation: "d"), account: "a")
      try await store.indexAll()
      #expect(try await store.delete("c", within: .account("a")))
      #expect(try await store.find("geheimnis").results.isEmpty)
      #expect(try await store.find("wort").results.map(\.conversationID) == ["d"])
      _ = try await store.restore("c", within: .account("a"))
      #expect(try await store.find("geheimnis").results.count == 1)
      _ = try await store.purge("c", within: .account("a"))
      #expect(try await store.find("geheimnis").results.isEmpty)
      try await store.indexAll()
      let terms: [String] = try await store.database.read { connection in
        try connection.query("SELECT term FROM verbatim_search_terms") { $0.bytes(0)?.string ?? "" }
      }
      #expect(!terms.contains("geheimnis") && terms.contains("rest") && terms.contains("wort"))
      #expect(try await store.find("wort").results.map(\.conversationID) == ["d"])
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `a failed exchange is found by all that was said`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      var failed = NewExchange.sample(query: "warum blau", answer: "weil rayleigh", conversation: "c")
      failed.messages.append(.text("tool", "himmel"))
      failed.failure = NewExchange.Failure(code: "500", message: "broke off")
      failed.createdAt = SearchFixture.noon
      let id = try await store.append(failed, account: "a").exchangeID
      _ = try await store.append(.sample(query: "warum rot", answer: "-", conversation: "c"), account: "a")
      try await store.indexAll()
      for word in ["blau", "himmel", "rayleigh", "broke", "blau broke", "\"broke off\""] {
        let found = try await store.find(word).results
        #expect(found.map(\.messageID) == [id] && found.map(\.exchangeID) == [id], "\(word)")
        #expect(found.map(\.role) == ["error"])
      }
      #expect(try await store.find("warum").results.count == 2)
      #expect(try await store.find("warum") { $0.role = "user" }.results.count == 1)
      #expect(try await store.find("warum") { $0.role = "error" }.results.map(\.messageID) == [id])
      #expect(try await store.find("warum") { $0.model = failed.modelName }.results.count == 2)
      #expect(try await store.find("blau -rayleigh").results.isEmpty)
      // The day that holds nothing else is scanned, too.
      try await store.requestReindex()
      try await store.indexAll()
      let again = try await store.find("blau")
      #expect(again.results.map(\.messageID) == [id] && again.limit == nil)
      _ = try await store.purge("c", within: .account("a"))
      try await store.indexAll()
      let terms: [String] = try await store.database.read { connection in
        try connection.query("SELECT term FROM verbatim_search_terms") { $0.bytes(0)?.string ?? "" }
      }
      #expect(!terms.contains("rayleigh"))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is encrypted is not indexed, and a search says so`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        _ = try await store.append(.sample(query: "swift", conversation: "plain"), account: "a")
      }
      let key = String(repeating: "A", count: 43) + "="
      let keys = try ContentKeys(parsing: "k:\(key)")
      try await fixture.withStore({ $0.contentKeys = keys }) { store in
        _ = try await store.append(.sample(query: "swift", conversation: "sealed"), account: "a")
        try await store.indexAll()
        let page = try await store.find("swift")
        #expect(page.results.map(\.conversationID) == ["plain"])
        #expect(page.limit == .encrypted)
      }
    }
  }

  @Test func `a search that would look at too much stops and goes on behind`() async throws {
    try await TestEngine.sqlite.withStore { store in
      // Every text has both words, and none the phrase.
      let exchanges: [NewExchange] = (0..<5_100).map { index in
        var exchange = NewExchange.sample(query: "b a", answer: "b, a", conversation: "c")
        if index == 0 { exchange.choices = [.text("assistant", "a b")] }
        exchange.createdAt = SearchFixture.noon + Int64(index)
        return exchange
      }
      for result in await store.append(exchanges, account: "a") { _ = try result.get() }
      try await store.indexAll()
      let page = try await store.find("\"a b\"")
      #expect(page.results.isEmpty && page.limit == .bound && page.next != nil)
      #expect(try await store.findAll("\"a b\"", limit: 10).count == 1)
    }
  }

  @Test(arguments: ["", "time", "time_", "time_x", "rank_0190163d-8694-739b-aea5-966c26f8ad91", "rank_a_b_c", "x_y"])
  func `what is no cursor is none`(text: String) {
    for sort in SearchRequest.Sort.allCases { #expect(SearchCursor(text, of: sort) == nil) }
  }
}

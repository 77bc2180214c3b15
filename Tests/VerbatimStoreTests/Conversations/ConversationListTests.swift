import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ConversationListTests {
  @Test(arguments: TestEngine.allCases)
  func `pages give every conversation once while others arrive`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.fill(25)
      var seen: [String] = []
      var query = ConversationQuery(.account("a"))
      query.limit = 4
      for arrival in 0... {
        let page = try await store.conversations(matching: query)
        seen += page.conversations.map(\.id)
        try await store.add("late-\(arrival)", at: midJanuary + 1_000_000 + Int64(arrival))
        guard let next = page.next else { break }
        let cursor = try #require(ConversationCursor(next.text, of: query))
        #expect(cursor == next)
        query.cursor = cursor
      }
      #expect(seen == (0..<25).reversed().map { "c\($0)" })
    }
  }

  @Test(arguments: TestEngine.allCases, ConversationQuery.Sort.allCases)
  func `every order is kept across pages, equal ones included`(
    engine: TestEngine, sort: ConversationQuery.Sort
  ) async throws {
    try await engine.withStore { store in
      for number in 0..<11 {
        try await store.add("c\(number)", at: midJanuary + Int64(number / 3), query: "é\(number % 2)")
      }
      for isAscending in [false, true] {
        var query = ConversationQuery(.account("a"))
        query.sort = sort
        query.isAscending = isAscending
        query.limit = 100
        let all = try await store.conversations(matching: query).conversations
        let keys: [ConversationSortKey] = all.map { ConversationSortKey($0, by: sort) }
        #expect(keys == (isAscending ? keys.sorted() : keys.sorted().reversed()))
        #expect(all.count == 11)
        query.limit = 2
        var paged: [String] = []
        repeat {
          let page = try await store.conversations(matching: query)
          paged += page.conversations.map(\.id)
          query.cursor = page.next
        } while query.cursor != nil
        #expect(paged == all.map(\.id))
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `filters and offsets leave what they say`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for number in 0..<8 {
        try await store.add(
          "c\(number)", at: midJanuary + Int64(number), app: "app\(number % 2)", user: "user\(number / 4)",
          query: number == 5 ? "Größe XL" : "size")
      }
      var change = ConversationChange()
      change.tags = ["b", "a", "b"]
      _ = try await store.change("c3", change, within: .account("a"))
      change.tags = ["a"]
      _ = try await store.change("c6", change, within: .account("a"))
      func ids(_ restrict: (inout ConversationQuery) -> Void) async throws -> [String] {
        var query = ConversationQuery(.account("a"))
        restrict(&query)
        return try await store.conversations(matching: query).conversations.map(\.id)
      }
      #expect(try await ids { $0.appID = "app1" } == ["c7", "c5", "c3", "c1"])
      #expect(try await ids { $0.userID = "user0" } == ["c3", "c2", "c1", "c0"])
      #expect(try await ids { $0.text = "grösse x" } == [])
      #expect(try await ids { $0.text = "GRÖẞE" } == ["c5"])
      #expect(try await ids { $0.text = "GRÖSSE" } == [])
      #expect(try await ids { $0.text = "größe x" } == ["c5"])
      #expect(try await ids { $0.tag = "a" } == ["c6", "c3"])
      #expect(try await ids { ($0.tag, $0.sort, $0.isAscending) = ("a", .name, true) } == ["c3", "c6"])
      #expect(try await ids { $0.modelName = "nobody" } == [])
      #expect(try await ids { ($0.source, $0.offset) = ("api", 6) } == ["c1", "c0"])
      #expect(try await ids { $0.created = midJanuary + 2..<midJanuary + 4 } == ["c3", "c2"])
      #expect(try await ids { $0.reach = Reach(account: "a", app: "app0", user: "user1") } == ["c6", "c4"])
      #expect(try await ids { $0.reach = .account("b") } == [])
      let tagged = try await store.conversation("c3", within: .account("a"))
      #expect(tagged?.tags == ["a", "b"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `all accounts are listed together`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for number in 0..<9 {
        try await store.add("c", at: midJanuary + Int64(number / 2), account: "account\(number)")
      }
      var query = ConversationQuery(Reach(account: nil))
      query.limit = 2
      var seen: [String] = []
      repeat {
        let page = try await store.conversations(matching: query)
        seen += page.conversations.map(\.accountID)
        query.cursor = page.next
      } while query.cursor != nil
      #expect(seen == (0..<9).reversed().map { "account\($0)" })
      #expect(try await store.conversation("c", within: Reach(account: nil)) == nil)
    }
  }

  /// One engine will do: what is walked is counted here, not by the engine.
  @Test func `a page looks at so many conversations and says where to go on`() async throws {
    try await TestEngine.sqlite.withStore { store in
      try await store.fill(10_200)
      try await store.add("wanted", at: midJanuary - 1, app: "rare")
      var query = ConversationQuery(.account("a"))
      query.appID = "rare"
      let first = try await store.conversations(matching: query)
      #expect(first.conversations.isEmpty)
      #expect(first.next != nil)
      query.cursor = first.next
      let second = try await store.conversations(matching: query)
      #expect(second.conversations.map(\.id) == ["wanted"])
      #expect(second.next == nil)
      query = ConversationQuery(.account("a"))
      query.sort = .name
      await #expect(throws: StoreError.self) { try await store.conversations(matching: query) }
      query.reach.app = "rare"
      #expect(try await store.conversations(matching: query).conversations.map(\.id) == ["wanted"])
      query.reach.app = nil
      query.appID = "rare"
      #expect(try await store.conversations(matching: query).conversations.map(\.id) == ["wanted"])
    }
  }
}

extension Store {
  /// Conversations `c0`, `c1`, … of account `a`, a millisecond after each other.
  func fill(_ count: Int) async throws {
    let exchanges: [NewExchange] = (0..<count).map { number in
      var exchange: NewExchange = .sample(conversation: "c\(number)")
      exchange.createdAt = midJanuary + Int64(number)
      return exchange
    }
    for result in await append(exchanges, account: "a") { _ = try result.get() }
  }

  func add(
    _ id: String, at time: Int64, account: String = "a", app: String = "app", user: String = "user",
    query: String = "size"
  ) async throws {
    var exchange: NewExchange = .sample(query: query, conversation: id, app: app, user: user)
    exchange.createdAt = time
    _ = try await append(exchange, account: account)
  }
}

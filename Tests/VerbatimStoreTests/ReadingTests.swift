import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ReadingTests {
  @Test(arguments: TestEngine.allCases, [1, 2, 7, 50, 100])
  func `pages give every exchange once, in order`(engine: TestEngine, limit: Int) async throws {
    try await engine.withStore { store in
      var expected: [UUIDv7] = []
      for turn in 0..<50 {
        let exchange: NewExchange = turn % 6 == 5 ? .failure(conversation: "c") : .sample(conversation: "c")
        expected.append(try await store.append(exchange, account: "a").exchangeID)
        _ = try await store.append(.sample(conversation: "other"), account: "a")
      }
      var pages: [[UUIDv7]] = []
      var first: UUIDv7?
      while true {
        let page = try #require(await store.exchanges(of: "c", account: "a", before: first, limit: limit))
        pages.append(page.exchanges.map(\.id))
        #expect(page.exchanges.allSatisfy { !$0.messages.isEmpty })
        guard page.hasMore else { break }
        #expect(page.exchanges.count == limit)
        first = page.exchanges.first?.id
      }
      #expect(pages.reversed().flatMap(\.self) == expected)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an exchange that was never answered reads back as its messages`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var asked: NewExchange = .sample(conversation: "c")
      asked.messages = [.text("system", "s"), .text("user", "a"), .text("user", "b")]
      asked.choices = []
      let id: UUIDv7 = try await store.append(asked, account: "a").exchangeID
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      for place in [PagePlace.newest, .oldest] {
        let answer = try await store.exchanges(of: "c", within: .account("a"), from: place, limit: 10)
        guard case .page(let page) = answer else { throw StoreError.unusable("no page") }
        #expect(page.exchanges.map(\.id).first == id)
        #expect(page.exchanges.first?.messages.map { $0.content?.string } == ["s", "a", "b"])
        #expect(page.exchanges.first?.choices.isEmpty == true)
      }
      #expect(try await store.findings() == [])
    }
  }

  @Test(arguments: TestEngine.allCases, [1, 3, 50, 100])
  func `pages from the beginning give every exchange once, in order`(engine: TestEngine, limit: Int) async throws {
    try await engine.withStore { store in
      var expected: [UUIDv7] = []
      for turn in 0..<50 {
        var exchange: NewExchange = turn % 4 == 3 ? .failure(conversation: "c") : .sample(conversation: "c")
        exchange.messages = (0...(turn % 3)).map { .text("user", "\(turn).\($0)") }
        if exchange.failure == nil { exchange.choices += [.text("assistant", "b"), .text("assistant", "c")] }
        expected.append(try await store.append(exchange, account: "a").exchangeID)
      }
      var read: [StoredExchange] = []
      var place = PagePlace.oldest
      while case .page(let page) = try await store.exchanges(of: "c", within: .account("a"), from: place, limit: limit)
      {
        read += page.exchanges
        #expect(page.exchanges.count == limit || !page.hasMore)
        guard page.hasMore, let last = page.exchanges.last else { break }
        place = .after(last.id)
      }
      #expect(read.map(\.id) == expected)
      for (turn, exchange) in read.enumerated() {
        #expect(exchange.messages.map { $0.content?.string } == (0...(turn % 3)).map { "\(turn).\($0)" })
        #expect(exchange.choices.dropFirst().map { $0.content?.string } == (turn % 4 == 3 ? [] : ["b", "c"]))
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a cursor that is no exchange of the conversation is told`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      let other = try await store.append(.sample(conversation: "other"), account: "a")
      for place in [PagePlace.before(other.exchangeID), .after(other.exchangeID)] {
        guard case .noCursor = try await store.exchanges(of: "c", within: .account("a"), from: place, limit: 1) else {
          Issue.record("a foreign cursor was taken")
          continue
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a page of large exchanges ends early and the next goes on`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let large = String(repeating: "字", count: 400_000)
      var expected: [UUIDv7] = []
      for turn in 0..<40 {
        var exchange: NewExchange = turn % 5 == 4 ? .failure(conversation: "c") : .sample(conversation: "c")
        exchange.messages = [.text("system", large), .text("user", turn % 3 == 0 ? large : "short")]
        if exchange.failure == nil { exchange.choices.append(.text("assistant", turn % 4 == 0 ? large : "second")) }
        expected.append(try await store.append(exchange, account: "a").exchangeID)
      }
      var pages: [[UUIDv7]] = []
      var first: UUIDv7?
      while true {
        let page = try #require(await store.exchanges(of: "c", account: "a", before: first, limit: 100))
        pages.append(page.exchanges.map(\.id))
        #expect(page.exchanges.allSatisfy { $0.messages.map(\.role) == ["system", "user"] })
        #expect(page.exchanges.allSatisfy { $0.failure != nil || $0.choices.count == 2 })
        guard page.hasMore else { break }
        first = page.exchanges.first?.id
      }
      #expect(pages.count > 1)
      #expect(pages.reversed().flatMap(\.self) == expected)

      var onward: [UUIDv7] = []
      var place = PagePlace.oldest
      while case .page(let page) = try await store.exchanges(of: "c", within: .account("a"), from: place, limit: 100) {
        onward += page.exchanges.map(\.id)
        #expect(page.exchanges.allSatisfy { $0.messages.map(\.role) == ["system", "user"] })
        guard page.hasMore, let last = page.exchanges.last else { break }
        place = .after(last.id)
      }
      #expect(onward == expected)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what belongs to another account is not there`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      #expect(try await store.conversation("c", account: "b") == nil)
      #expect(try await store.exchanges(of: "c", account: "b", before: nil, limit: 1) == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `back-filled exchanges stand where their time puts them`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var old = NewExchange.sample(query: "old", conversation: "c")
      old.createdAt = 1_577_836_800_000
      let new = try await store.append(.sample(query: "new", conversation: "c"), account: "a")
      let backFilled = try await store.append(old, account: "a")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 10))
      #expect(page.exchanges.map(\.id) == [backFilled.exchangeID, new.exchangeID])
      #expect(page.exchanges[0].createdAt == 1_577_836_800_000)
      #expect(page.exchanges[0].recordedAt > page.exchanges[0].createdAt)
      let conversation = try #require(await store.conversation("c", account: "a"))
      #expect(conversation.createdAt == 1_577_836_800_000)
      #expect(conversation.lastActiveAt == page.exchanges[1].createdAt)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `exchanges of one given time keep the order in which they came`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var expected: [String] = []
      for turn in 0..<40 {
        var exchange = NewExchange.sample(query: "\(turn)", conversation: "c")
        exchange.createdAt = 1_700_000_000_000
        exchange.messages = (0..<(turn % 3 + 1)).map { _ in .text("user", "\(turn)") }
        _ = try await store.append(exchange, account: "a")
        expected.append("\(turn)")
      }
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.compactMap { $0.messages.last?.content?.string } == expected)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a conversation is named by its first question`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(
        .sample(query: String(repeating: "天", count: 100), conversation: "long"), account: "a")
      #expect(try await store.conversation("long", account: "a")?.name == String(repeating: "天", count: 80))
      var unasked = NewExchange.sample(conversation: "unasked")
      unasked.messages = [.text("system", "be brief")]
      unasked.createdAt = 1_736_937_000_000
      _ = try await store.append(unasked, account: "a")
      #expect(try await store.conversation("unasked", account: "a")?.name == "Conversation 20250115_103000")
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the first exchange fixes app and user`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(conversation: "c", app: "first", user: "ann"), account: "a")
      _ = try await store.append(.sample(conversation: "c", app: "second", user: "bob"), account: "a")
      let conversation = try #require(await store.conversation("c", account: "a"))
      #expect(conversation.appID == "first")
      #expect(conversation.userID == "ann")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 10))
      #expect(page.exchanges.map(\.appID) == ["first", "second"])
    }
  }
}

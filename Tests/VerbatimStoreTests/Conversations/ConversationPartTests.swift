import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ConversationPartTests {
  private let mine = Reach.account("a")

  @Test(arguments: TestEngine.allCases, [false, true])
  func `messages are paged both ways, failures left out`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      for turn in 0..<9 {
        var exchange: NewExchange =
          turn % 4 == 3 ? .failure(conversation: "c") : .sample(query: "q\(turn)", conversation: "c")
        exchange.createdAt = midJanuary + Int64(turn / 3) * dayLength + Int64(turn)
        _ = try await store.append(exchange, account: "a")
      }
      let all = try #require(await store.messages(of: "c", within: mine, limit: 100))
      #expect(all.messages.count == 14 && !all.hasMore)
      #expect(all.messages.map(\.id) == all.messages.map(\.id).sorted())
      #expect(all.conversation.messageCount == 14)
      for (isBack, limit) in [(true, 3), (false, 3), (true, 5), (false, 1)] {
        var place: PagePlace = isBack ? .newest : .oldest
        var seen: [UUIDv7] = []
        while true {
          let page = try #require(await store.messages(of: "c", within: mine, from: place, limit: limit))
          seen = isBack ? page.messages.map(\.id) + seen : seen + page.messages.map(\.id)
          let edge = try #require(isBack ? page.messages.first : page.messages.last)
          place = isBack ? .before(edge.id) : .after(edge.id)
          guard page.hasMore else { break }
        }
        #expect(seen == all.messages.map(\.id))
      }
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `failures are paged and filtered, of one conversation and of all`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      var expected: [UUIDv7] = []
      for turn in 0..<12 {
        var exchange: NewExchange = .failure(conversation: "c\(turn % 3)")
        exchange.appID = "app\(turn % 3)"
        exchange.failure?.code = turn < 6 ? "429" : "overloaded"
        exchange.createdAt = midJanuary + Int64(turn / 4) * dayLength + Int64(turn)
        expected.append(try await store.append(exchange, account: turn % 4 == 3 ? "b" : "a").exchangeID)
      }
      _ = try await store.append(.sample(conversation: "c0"), account: "a")
      let own: [Int] = (0..<12).filter { $0 % 4 != 3 }.reversed()
      func turns(_ restrict: (inout FailureQuery) -> Void) async throws -> [Int] {
        var query = FailureQuery(mine)
        restrict(&query)
        var found: [UUIDv7] = []
        repeat {
          let page = try #require(await store.failures(matching: query))
          found += page.failures.map(\.id)
          query.before = page.next
        } while query.before != nil
        return found.compactMap { expected.firstIndex(of: $0) }
      }
      #expect(try await turns { _ in } == own)
      #expect(try await turns { $0.limit = 2 } == own)
      #expect(try await turns { $0.code = "429" } == own.filter { $0 < 6 })
      #expect(try await turns { $0.modelName = "gpt-5" } == [])
      #expect(try await turns { ($0.conversation, $0.limit) = ("c1", 1) } == own.filter { $0 % 3 == 1 })
      #expect(try await turns { $0.reach.app = "app2" } == own.filter { $0 % 3 == 2 })
      let times = midJanuary + dayLength..<midJanuary + dayLength + 6
      #expect(try await turns { $0.created = times } == own.filter { (4..<6) ~= $0 })
      #expect(try await turns { $0.reach.account = nil } == Array((0..<12).reversed()))
    }
  }

  @Test(arguments: TestEngine.allCases, [1, 3, 100])
  func `files are paged in the order of their exchanges`(engine: TestEngine, limit: Int) async throws {
    try await engine.withStore({ $0.isDaily = limit == 3 }) { store in
      for turn in 0..<7 {
        var exchange: NewExchange = turn == 3 ? .failure(conversation: "c") : .sample(conversation: "c")
        exchange.createdAt = midJanuary + Int64(turn) * dayLength
        exchange.attachments = (0..<turn % 3).map { file in
          Attachment(kind: .image, transferMethod: .remoteURL, url: "/\(turn)/\(file)", belongsTo: .user)
        }
        _ = try await store.append(exchange, account: "a")
      }
      var urls: [String] = []
      var last: UUIDv7?
      while true {
        let page = try #require(await store.files(of: "c", within: mine, behind: last, limit: limit))
        urls += page.files.map(\.attachment.attachment.url)
        last = page.files.last?.attachment.id
        guard page.hasMore else { break }
      }
      #expect(urls == ["/1/0", "/2/0", "/2/1", "/4/0", "/5/0", "/5/1"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `statistics are those of the counters`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for turn in 0..<5 {
        var exchange: NewExchange = .sample(conversation: "c\(turn % 2)", user: "user\(turn % 2)")
        exchange.modelName = turn < 2 ? "small" : "large"
        exchange.createdAt = midJanuary + Int64(turn / 3) * dayLength
        exchange.totalTokens = 10
        _ = try await store.append(exchange, account: "a")
      }
      _ = try await store.append(.sample(conversation: "c0"), account: "b")
      let all = try await store.statistics(within: mine)
      #expect(all.conversations == 2 && all.messages == 10 && all.tokens == 50)
      #expect(all.exchangesByModel.map(\.model) == ["large", "small"])
      #expect(all.exchangesByModel.map(\.count) == [3, 2])
      #expect(all.messagesByDay.map(\.day.description) == ["2025-01-15", "2025-01-16"])
      #expect(all.messagesByDay.map(\.count) == [6, 4])
      let one = try await store.statistics(within: Reach(account: "a", user: "user1"))
      #expect(one.conversations == 1 && one.messages == 4 && one.tokens == 20)
      #expect(try await store.statistics(within: Reach(account: nil)).conversations == 3)
      #expect(try await store.statistics(within: .account("nobody")) == ConversationStatistics())
    }
  }

  @Test func `a replica must show each change, or that the conversation is gone`() {
    let (one, other) = (OwnWrites.Conversation("c", account: "a"), OwnWrites.Conversation("d", account: "a"))
    var changes = OwnChanges(capacity: 1)
    changes.note(one, at: 5)
    changes.note(one, at: 7)
    changes.confirm(5, of: one)
    #expect(changes.time(neededFor: one) == 7)
    changes.confirm(7, of: one)
    #expect(changes.time(neededFor: one) == nil)
    changes.note(one, at: 8)
    changes.note(other, at: 9)
    #expect(changes.time(neededFor: other) == 9)
    #expect(changes.time(neededFor: one) == nil)
  }
}

import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ReachTests {
  @Test(arguments: TestEngine.allCases)
  func `a conversation outside the reach is not there`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(conversation: "c", app: "shop", user: "ana"), account: "a")
      let reaches: [(Reach, isThere: Bool)] = [
        (.account("a"), true), (Reach(account: "a", app: "shop"), true), (Reach(account: "a", user: "ana"), true),
        (Reach(account: "a", app: "shop", user: "ana"), true), (.account("b"), false),
        (Reach(account: "a", app: "other"), false), (Reach(account: "a", app: "shop", user: "bob"), false),
        (Reach(account: "a", user: "Ana"), false), (Reach(account: nil), false),
      ]
      for (reach, isThere) in reaches {
        let conversation = try await store.conversation("c", within: reach)
        #expect((conversation != nil) == isThere, "\(reach)")
        let page = try await store.exchanges(of: "c", within: reach, limit: 1)
        if case .page = page { #expect(isThere, "\(reach)") } else { #expect(!isThere, "\(reach)") }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `who is limited to a user cannot write into another's conversation`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.append(.sample(conversation: "ana's", app: "shop", user: "ana"), account: "a")
      var stranger = NewExchange.sample(conversation: "ana's", key: "k", app: "shop", user: "bob")
      stranger.ownership = [.app, .user]
      var own = NewExchange.sample(conversation: "bob's", app: "shop", user: "bob")
      own.ownership = [.app, .user]
      let results = await store.append([own, stranger, own], account: "a")
      let isStored: [Bool] = results.map { if case .success = $0 { true } else { false } }
      #expect(isStored == [true, false, true])
      guard case .failure(.outOfReach) = results[1] else {
        Issue.record("\(results[1])")
        return
      }
      #expect(try await store.conversation("ana's", account: "a")?.dialogueCount == 1)
      #expect(try await store.conversation("bob's", account: "a")?.dialogueCount == 2)
      #expect(try await store.findings() == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a repeat of another's key tells nothing`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let first = NewExchange.sample(conversation: "c", key: "k", app: "shop", user: "ana")
      _ = try await store.append(first, account: "a")
      var repeated = NewExchange.sample(conversation: "c", key: "k", app: "shop", user: "bob")
      repeated.ownership = .user
      let results = await store.append([repeated], account: "a")
      guard case .failure(.outOfReach) = results[0] else {
        Issue.record("\(results[0])")
        return
      }
    }
  }
}

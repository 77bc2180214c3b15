import Foundation
import Testing
import VerbatimTesting

@testable import VerbatimStore

/// The public face of the store.
@Suite struct HistoryTests {
  /// A history of its own on one engine; `body` may open others of other accounts.
  private func withHistory<Result>(
    on engine: TestEngine, account: String = "default", _ body: (History) async throws -> Result
  ) async throws -> Result {
    try await engine.withFixture { fixture in
      var configuration = History.Configuration(dsn: "")
      configuration.account = account
      let history: History = try await .open(fixture.engine, configuration)
      do {
        let result: Result = try await body(history)
        await history.close()
        return result
      } catch {
        await history.close()
        throw error
      }
    }
  }

  private func completion(_ question: String, in conversation: String? = nil, by user: String = "u") -> ChatCompletion {
    var completion = ChatCompletion(model: "m", question: question, answer: "answer to \(question)")
    completion.conversationID = conversation
    completion.userID = user
    return completion
  }

  @Test(arguments: TestEngine.allCases)
  func `a completion is saved once and comes back whole`(_ engine: TestEngine) async throws {
    let json = #"{"role":"assistant","content":[{"type":"text","text":"天气 \ud800 \u0000"}],"x":12345678901234567890}"#
    try await withHistory(on: engine) { history in
      var completion = completion("q", in: "c")
      completion.choices = [try ChatMessage(json: json)]
      completion.clientMessageID = "id"
      let saved = try await history.saveChatCompletion(completion)
      let repeated = try await history.saveChatCompletion(completion)
      #expect(saved.conversationID == "c" && !saved.isDuplicate)
      #expect(repeated.exchangeID == saved.exchangeID && repeated.isDuplicate)
      let messages = try #require(try await history.conversationMessages("c"))
      #expect(messages.map(\.role) == ["user", "assistant"])
      #expect(messages.first?.text == "q")
      #expect(messages.last?.json == json)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the newest messages come, oldest first, as many as are asked for`(_ engine: TestEngine) async throws {
    try await withHistory(on: engine) { history in
      for number in 0..<3 { _ = try await history.saveChatCompletion(completion("q\(number)", in: "c")) }
      let texts = try await history.conversationMessages("c", limit: 3)?.map(\.text)
      #expect(texts == ["answer to q1", "q2", "answer to q2"])
      #expect(try await history.conversationMessages("other") == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a user's conversations are listed page by page, without those of others`(_ engine: TestEngine) async throws {
    try await withHistory(on: engine) { history in
      for number in 0..<5 { _ = try await history.saveChatCompletion(completion("q", in: "c\(number)")) }
      _ = try await history.saveChatCompletion(completion("q", in: "d", by: "other"))
      var ids: [String] = []
      var cursor: String?
      repeat {
        let page = try await history.userConversations("u", limit: 2, cursor: cursor)
        ids += page.conversations.map(\.id)
        cursor = page.next
      } while cursor != nil
      #expect(ids.sorted() == ["c0", "c1", "c2", "c3", "c4"])
      #expect(try await history.userConversations("nobody").conversations.isEmpty)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `only its own user deletes a conversation`(_ engine: TestEngine) async throws {
    try await withHistory(on: engine) { history in
      _ = try await history.saveChatCompletion(completion("q", in: "c"))
      #expect(try await history.deleteUserConversation("other", "c") == false)
      #expect(try await history.conversationMessages("c")?.count == 2)
      #expect(try await history.deleteUserConversation("u", "c"))
      #expect(try await history.conversationMessages("c") == nil)
      #expect(try await history.userConversations("u").conversations.isEmpty)
      #expect(try await history.deleteUserConversation("u", "c") == false)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `another account finds nothing`(_ engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      for account in ["one", "two"] {
        var configuration = History.Configuration(dsn: "")
        configuration.account = account
        let history: History = try await .open(fixture.engine, configuration)
        let isEmpty = try await history.conversationMessages("c") == nil
        let stats = try await history.conversationStats()
        _ = try await history.saveChatCompletion(completion("q", in: "c"))
        let count = try await history.conversationMessages("c")?.count
        await history.close()
        #expect(isEmpty && stats.totalConversations == 0 && count == 2)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `statistics count what was saved, of one user or all`(_ engine: TestEngine) async throws {
    try await withHistory(on: engine) { history in
      var counted = completion("q", in: "c")
      counted.usageJSON = #"{"prompt_tokens": 15, "completion_tokens": 25}"#
      _ = try await history.saveChatCompletion(counted)
      _ = try await history.saveChatCompletion(completion("q", in: "d", by: "other"))
      var failed = FailedCompletion(
        model: "broken", messages: [ChatMessage(role: "user", text: "q")], code: "500", message: "down")
      failed.completion.userID = "u"
      failed.completion.conversationID = "c"
      let saved = try await history.saveErrorConversation(failed)
      #expect(saved.conversationID == "c")
      let own = try await history.conversationStats(userID: "u")
      #expect(own.totalConversations == 1 && own.totalMessages == 2 && own.totalTokens == 40)
      #expect(own.modelsUsed == ["m": 1, "broken": 1])
      #expect(own.dailyMessageCount.values.reduce(0, +) == 2)
      #expect(try await history.conversationStats().totalConversations == 2)
    }
  }

  private struct Wrong: Sendable {
    let field: String
    let change: @Sendable (inout ChatCompletion) -> Void

    init(_ field: String, _ change: @escaping @Sendable (inout ChatCompletion) -> Void) {
      self.field = field
      self.change = change
    }
  }

  private static let wrong: [Wrong] = [
    Wrong("appID") { $0.appID = "" },
    Wrong("userID") { $0.userID = String(repeating: "u", count: 65) },
    Wrong("conversationID") { $0.conversationID = "a\0b" },
    Wrong("model") { $0.model = "" },
    Wrong("messages") { $0.messages = [] },
    Wrong("choices") { $0.choices = [] },
    Wrong("messages[0].role") { $0.messages = [ChatMessage(role: "stranger", text: "q")] },
    Wrong("metadataJSON") { $0.metadataJSON = "[1]" },
    Wrong("usageJSON") { $0.usageJSON = "{" },
    Wrong("createdAt") { $0.createdAt = .distantFuture },
  ]

  @Test(arguments: wrong)
  private func `what cannot be saved is refused by name`(_ wrong: Wrong) async throws {
    var completion = completion("q")
    wrong.change(&completion)
    let refused = completion
    try await withHistory(on: .sqlite) { history in
      let error = await #expect(throws: HistoryError.self) { try await history.saveChatCompletion(refused) }
      guard case .rejected(let field, _) = error else {
        Issue.record("not refused")
        return
      }
      #expect(field == wrong.field)
    }
  }

  @Test func `a file that another history writes to is refused in one line`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
      let configuration = History.Configuration(dsn: fixture.path)
      let history = try await History.open(configuration)
      let error = await #expect(throws: HistoryError.self) { try await History.open(configuration) }
      await history.close()
      guard case .unusable(let reason) = error else {
        Issue.record("opened twice")
        return
      }
      #expect(!reason.contains("\n"))
    }
  }

  @Test func `a DSN of no known form is answered with those that there are`() async {
    let configuration = History.Configuration(dsn: "oracle://host/db")
    let error = await #expect(throws: HistoryError.self) { try await History.open(configuration) }
    #expect(error?.description.contains("postgres://") == true)
  }
}

import Databases
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Where one test keeps its stores: a database of its own on one engine.
struct StoreFixture: Sendable {
  let engine: Engine

  /// Of an SQLite database.
  var path: String { "\(engine)" }

  /// Opens a store that the test closes.
  func open(_ change: (inout Store.Configuration) -> Void = { _ in }) async throws -> Store {
    var configuration = Store.Configuration(engine)
    change(&configuration)
    return try await Store.open(configuration)
  }

  /// Opens a store, hands it to `body`, closes it.
  func withStore<Result>(
    _ change: (inout Store.Configuration) -> Void = { _ in }, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    let store: Store = try await open(change)
    let outcome: Swift.Result<Result, any Error> = await outcome { try await body(store) }
    await store.close()
    return try outcome.get()
  }

  /// Why the store does not open; nil when it does.
  func refusal(_ change: (inout Store.Configuration) -> Void = { _ in }) async throws -> String? {
    do {
      try await withStore(change) { _ in }
      return nil
    } catch StoreError.unusable(let reason) {
      return reason
    }
  }
}

extension TestEngine {
  /// Runs `body` with a database of its own, which is removed afterwards.
  func withFixture<Result>(_ body: (StoreFixture) async throws -> Result) async throws -> Result {
    let place: TestDatabase = try await makeDatabase()
    let outcome: Swift.Result<Result, any Error> = await outcome { try await body(StoreFixture(engine: place.engine)) }
    try await place.drop()
    return try outcome.get()
  }

  /// Opens a store on a database of its own, hands it to `body`, closes and removes it.
  func withStore<Result>(
    _ change: (inout Store.Configuration) -> Void = { _ in }, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    try await withFixture { fixture in try await fixture.withStore(change, body) }
  }
}

private func outcome<Success>(_ body: () async throws -> Success) async -> Result<Success, any Error> {
  do { return .success(try await body()) } catch { return .failure(error) }
}

extension Store {
  /// What `verify` finds wrong.
  func findings() async throws -> [String] { try await verify { _ in } }
}

extension Store {
  func conversation(_ id: String, account: String) async throws -> Conversation? {
    try await conversation(id, within: .account(account))
  }

  /// The page that goes back from `first`, or from the newest exchange; nil when there is no such conversation.
  func exchanges(
    of conversation: String, account: String, before first: UUIDv7?, limit: Int
  ) async throws -> ExchangePage? {
    let place: PagePlace = first.map { .before($0) } ?? .newest
    switch try await exchanges(of: conversation, within: .account(account), from: place, limit: limit) {
    case .page(let page): return page
    case .noConversation: return nil
    case .noCursor: throw StoreError.rejected(field: "first", reason: "is not there")
    }
  }
}

extension NewExchange {
  static func sample(
    query: String = "今天天气如何？", answer: String = "晴，20 度。", conversation: String? = nil, key: String? = nil,
    app: String = "app", user: String = "user"
  ) -> NewExchange {
    NewExchange(
      appID: app, userID: user, conversationID: conversation, clientMessageID: key, modelProvider: "openai",
      modelName: "gpt-4o", messages: [.text("user", query)], choices: [.text("assistant", answer)])
  }

  static func failure(conversation: String? = nil, key: String? = nil) -> NewExchange {
    NewExchange(
      appID: "app", userID: "user", conversationID: conversation, clientMessageID: key, modelProvider: "openai",
      modelName: "gpt-4o", messages: [.text("user", "fails")], choices: [],
      failure: NewExchange.Failure(code: "429", message: "slow down"))
  }
}

extension Message {
  static func text(_ role: String, _ content: String) -> Message {
    Message(role: role, content: Bytes(utf8: content), contentKind: .text)
  }
}

import Databases
import Foundation
import VerbatimModel

@testable import VerbatimStore

/// A store in a temporary folder of its own, removed with it.
final class StoreFixture: Sendable {
  let folder: URL
  var path: String { folder.appendingPathComponent("verbatim.db").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("verbatim-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    do {
      try FileManager.default.removeItem(at: folder)
    } catch {
      print("cannot remove \(folder.path): \(error)")
    }
  }

  func open(_ change: (inout Store.Configuration) -> Void = { _ in }) async throws -> Store {
    var configuration = Store.Configuration(path: path)
    change(&configuration)
    return try await Store.open(configuration)
  }

  /// Opens a store, hands it to `body`, closes it.
  func withStore<Result>(
    _ change: (inout Store.Configuration) -> Void = { _ in }, _ body: (Store) async throws -> Result
  ) async throws -> Result {
    let store: Store = try await open(change)
    do {
      let result: Result = try await body(store)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }

  func verify(_ store: Store) async throws -> [String] {
    try await store.verify { _ in }
  }
}

extension Store {
  /// The page that goes back from `first`, or from the newest exchange; nil when there is no such conversation.
  func exchanges(
    of conversation: String, account: String, before first: UUIDv7?, limit: Int
  ) async throws -> ExchangePage? {
    let place: PagePlace = first.map { .before($0) } ?? .newest
    switch try await exchanges(of: conversation, account: account, from: place, limit: limit) {
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

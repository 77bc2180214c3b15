import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Two empty databases, one of which is copied to the other.
struct CopyFixture: Sendable {
  let source: StoreFixture
  let target: StoreFixture

  static func with(
    _ source: TestEngine, _ target: TestEngine, _ body: (CopyFixture) async throws -> Void
  ) async throws {
    try await source.withFixture { source in
      try await target.withFixture { target in try await body(CopyFixture(source: source, target: target)) }
    }
  }

  func copy(
    replaces: Bool = false, onProgress: @escaping @Sendable (HistoryCopy.Progress) -> Void = { _ in }
  ) async throws -> [HistoryCopy.CopiedTableSummary] {
    let source = Store.Configuration(source.engine)
    let target = Store.Configuration(target.engine)
    return try await HistoryCopy(from: source, to: target, replaces: replaces, onProgress: onProgress).run()
  }

  /// Why nothing is copied; nil where it is.
  func refusal() async throws -> String? {
    do {
      _ = try await copy()
      return nil
    } catch StoreError.unusable(let reason) {
      return reason
    }
  }

  private static let conversations = 6

  /// Exchanges of three days, with keys that begin with `keys`: tools, files, failures, text that is awkward.
  @discardableResult
  static func fill(_ store: Store, keys: String = "key") async throws -> [Store.Receipt] {
    var receipts: [Store.Receipt] = []
    for number in 0..<12 {
      let conversation = "c-\(number % conversations)"
      var exchange = NewExchange.sample(
        query: "🙂 \u{FFFD} 天气 ' \" \\ \(number)", answer: String(repeating: "晴 ", count: number * 50),
        conversation: conversation, key: "\(keys)-\(number)", app: "é", user: "e\u{301} ")
      exchange.createdAt = 1_736_900_000_000 + Int64(number % 3) * 86_400_000
      exchange.request = Bytes(utf8: #"{"unknown":"\ud800\u0000","big":123456789012345678901234567890}"#)
      exchange.responseID = "chatcmpl-999"
      exchange.totalTokens = number % 2 == 0 ? 7 : nil
      exchange.messages.append(
        Message(
          role: "assistant", content: nil, contentKind: .none, toolCalls: Bytes(utf8: #"[{"id":"1"}]"#),
          raw: Bytes(utf8: #"{"role":"assistant","content":null,"x":1e400}"#)))
      exchange.attachments = [
        Attachment(kind: .image, transferMethod: .remoteURL, url: "https://example.com/a.png", belongsTo: .user)
      ]
      receipts.append(try await store.append(exchange, account: "a"))
      var failure = NewExchange.failure(conversation: conversation)
      failure.createdAt = exchange.createdAt
      _ = try await store.append(failure, account: "a")
    }
    return receipts
  }

  /// All that the store gives back of what `fill` recorded.
  static func said(in store: Store) async throws -> [String] {
    var said: [String] = []
    for number in 0..<conversations {
      let conversation = try await store.conversation("c-\(number)", account: "a")
      let page = try #require(await store.exchanges(of: "c-\(number)", account: "a", before: nil, limit: 100))
      said.append("\(String(describing: conversation)) \(page.exchanges)")
    }
    return said
  }
}

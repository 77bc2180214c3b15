import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct StoreRedactionTests {
  private static func policy(_ mode: RedactionMode) -> RedactionPolicy {
    var policy = RedactionPolicy()
    policy.standard = mode
    return policy
  }

  private static func exchange(key: String? = nil, app: String = "app") -> NewExchange {
    var exchange = NewExchange.sample(
      query: "I am alice@example.com", answer: "I call 13800138000", conversation: "c", key: key, app: app)
    exchange.inputs = Bytes(utf8: #"{"mail":"alice\u0040example.com"}"#)
    exchange.metadata = Bytes(utf8: #"{"card":4111111111111111}"#)
    exchange.attachments = [
      Attachment(kind: .image, transferMethod: .remoteURL, url: "https://x.cn/alice@example.com", belongsTo: .user)
    ]
    return exchange
  }

  @Test(arguments: TestEngine.allCases)
  func `only the redacted form is stored`(engine: TestEngine) async throws {
    try await engine.withStore {
      $0.redaction = Self.policy(.mask)
    } _: { store in
      let receipt = try await store.append(Self.exchange(key: "k"), account: "a")
      let repeated = try await store.append(Self.exchange(key: "k"), account: "a")
      #expect(repeated.isDuplicate)
      #expect(repeated.exchangeID == receipt.exchangeID)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 1))
      let stored = try #require(page.exchanges.first)
      #expect(stored.messages.first?.content?.string == "I am [email]")
      #expect(stored.choices.first?.content?.string == "I call [phone]")
      #expect(stored.inputs?.string == #"{"mail":"[email]"}"#)
      #expect(stored.metadata?.string == #"{"card":"[card]"}"#)
      #expect(stored.attachments.first?.attachment.url == "https://x.cn/[email]")
      #expect(try await store.conversation("c", account: "a")?.name == "I am [email]")
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `hashes stay the same when the history is opened again`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      var texts: Set<String> = []
      for key in ["1", "2"] {
        try await fixture.withStore {
          $0.redaction = Self.policy(.hash)
        } _: { store in
          _ = try await store.append(Self.exchange(key: key), account: "a")
          let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 10))
          texts.formUnion(page.exchanges.compactMap { $0.messages.first?.content?.string })
        }
      }
      #expect(texts.count == 1)
      #expect(texts.first?.wholeMatch(of: #/I am \[email:[a-f][0-9a-f]{15}\]/#) != nil)
    }
  }

  @Test func `an app may be redacted otherwise than the others`() async throws {
    var policy = Self.policy(.off)
    policy.apps = ["masked": .mask, "hashed": .hash]
    policy.key = Array("a key of 16 bytes".utf8)
    let given = policy
    try await TestEngine.sqlite.withStore {
      $0.redaction = given
    } _: { store in
      var texts: [String] = []
      for app in ["other", "masked", "hashed"] {
        var exchange = Self.exchange(app: app)
        exchange.conversationID = app
        _ = try await store.append(exchange, account: "a")
        let page = try #require(await store.exchanges(of: app, account: "a", before: nil, limit: 1))
        texts += page.exchanges.compactMap { $0.messages.first?.content?.string }
      }
      #expect(texts.prefix(2) == ["I am alice@example.com", "I am [email]"])
      #expect(texts.last?.hasPrefix("I am [email:") == true)
    }
  }

  @Test func `no file of the history holds what was taken out`() async throws {
    let folder = try TemporaryFolder()
    var configuration = Store.Configuration(path: folder.path("history.db"))
    configuration.redaction = Self.policy(.mask)
    let store = try await Store.open(configuration)
    _ = try await store.append(Self.exchange(), account: "a")
    var failure = NewExchange.failure(conversation: "c")
    failure.messages = [.text("user", "alice@example.com")]
    failure.failure?.message = "no such user: alice@example.com, 4111111111111111"
    _ = try await store.append(failure, account: "a")
    try Self.expectNothing(in: folder.path("history.db"))
    await store.close()
    try Self.expectNothing(in: folder.path("history.db"))
  }

  private static func expectNothing(in path: String) throws {
    for path in [path, path + "-wal"] where FileManager.default.fileExists(atPath: path) {
      let file = try Data(contentsOf: URL(fileURLWithPath: path))
      for value in ["alice@", "13800138000", "4111111111111111"] {
        #expect(file.range(of: Data(value.utf8)) == nil, "\(value) in \(path)")
      }
    }
  }
}

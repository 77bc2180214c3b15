import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct AppendTests {
  @Test(arguments: TestEngine.allCases)
  func `an exchange comes back as it was sent`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange = NewExchange.sample(query: "emoji 🙂 \u{2028}", answer: "", conversation: "c-1", key: "k-1")
      exchange.inputs = Bytes(utf8: #"{"big":123456789012345678901234567890}"#)
      exchange.metadata = Bytes(utf8: #"{"latency":1.2}"#)
      exchange.request = Bytes(utf8: #"{"unknown":"\ud800"}"#)
      exchange.usage = Bytes(utf8: #"{"total_tokens":7}"#)
      exchange.totalTokens = 7
      exchange.latency = .milliseconds(1200)
      exchange.finishReason = "stop"
      exchange.attachments = [
        Attachment(kind: .image, transferMethod: .remoteURL, url: "https://example.com/a.png", belongsTo: .user)
      ]
      let receipt = try await store.append(exchange, account: "default")
      #expect(receipt.conversationID == "c-1")
      #expect(!receipt.isDuplicate)

      let page = try #require(
        await store.exchanges(of: "c-1", account: "default", before: nil, limit: 20))
      #expect(!page.hasMore)
      let stored = try #require(page.exchanges.first)
      #expect(stored.id == receipt.exchangeID)
      #expect(stored.messages.map { $0.content?.string } == ["emoji 🙂 \u{2028}"])
      #expect(stored.choices.map { $0.content?.string } == [""])
      #expect(stored.inputs?.string == exchange.inputs?.string)
      #expect(stored.metadata?.string == exchange.metadata?.string)
      #expect(stored.request?.string == exchange.request?.string)
      #expect(stored.usage?.string == exchange.usage?.string)
      #expect(stored.latency == .milliseconds(1200))
      #expect(stored.finishReason == "stop")
      #expect(stored.clientMessageID == "k-1")
      #expect(stored.attachments.map(\.attachment) == exchange.attachments)
      #expect(stored.currency == "USD")
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what was acknowledged is there after reopening`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let receipt = try await fixture.withStore { try await $0.append(.sample(conversation: "c"), account: "a") }
      try await fixture.withStore { store in
        let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 1))
        #expect(page.exchanges.map(\.id) == [receipt.exchangeID])
      }
    }
  }

  @Test(arguments: TestEngine.allCases, ["c", nil])
  func `64 repeats at once are one exchange`(engine: TestEngine, conversation: String?) async throws {
    try await engine.withStore { store in
      let receipts = try await withThrowingTaskGroup(of: Store.Receipt.self) { group in
        for _ in 0..<64 {
          group.addTask { try await store.append(.sample(conversation: conversation, key: "same"), account: "a") }
        }
        return try await group.reduce(into: [Store.Receipt]()) { $0.append($1) }
      }
      #expect(Set(receipts.map(\.exchangeID)).count == 1)
      #expect(Set(receipts.map(\.conversationID)).count == 1)
      #expect(receipts.filter { !$0.isDuplicate }.count == 1)
      let id = try #require(receipts.first?.conversationID)
      #expect(try await store.conversation(id, account: "a")?.dialogueCount == 1)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a key holds in its conversation, or else for its app and user`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let samples: [NewExchange] = [
        .sample(conversation: "c", key: "k"), .sample(conversation: "d", key: "k"), .sample(key: "k"),
        .sample(key: "k", user: "other"), .sample(key: "k", app: "other"),
        // Lengths are part of the scope: app `ap` with user `puser` is not app `app` with user `user`.
        .sample(key: "k", app: "ap", user: "puser"),
      ]
      let receipts = await store.append(samples, account: "a").compactMap { try? $0.get() }
      #expect(Set(receipts.map(\.exchangeID)).count == samples.count)
      let elsewhere = try await store.append(.sample(conversation: "c", key: "k"), account: "b")
      #expect(!elsewhere.isDuplicate)
      let again = await store.append(samples, account: "a").compactMap { try? $0.get() }
      #expect(again.map(\.exchangeID) == receipts.map(\.exchangeID))
      #expect(again.map(\.conversationID) == receipts.map(\.conversationID))
      #expect(again.allSatisfy { $0.isDuplicate })
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a failure claims nothing, so that the retry is stored`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let failed = try await store.append(.failure(conversation: "c", key: "k"), account: "a")
      let retried = try await store.append(.sample(conversation: "c", key: "k"), account: "a")
      #expect(!retried.isDuplicate)
      let conversation = try #require(await store.conversation("c", account: "a"))
      #expect(conversation.dialogueCount == 1)
      #expect(conversation.errorCount == 1)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 20))
      #expect(page.exchanges.map(\.id) == [failed.exchangeID, retried.exchangeID])
      #expect(page.exchanges[0].failure == NewExchange.Failure(code: "429", message: "slow down"))
      #expect(page.exchanges[0].messages.map { $0.content?.string } == ["fails"])
      #expect(page.exchanges[0].choices.isEmpty)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an importer's key holds for failures too`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange = NewExchange.failure(conversation: "c")
      exchange.idempotencyKey = "line-1"
      let first = try await store.append(exchange, account: "a")
      let second = try await store.append(exchange, account: "a")
      #expect(second == Store.Receipt(conversationID: "c", exchangeID: first.exchangeID, isDuplicate: true))
      #expect(try await store.conversation("c", account: "a")?.errorCount == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a repeat may name the conversation that the first was given`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      let first = try await store.append(.sample(key: "k"), account: "a")
      let second = try await store.append(.sample(conversation: first.conversationID, key: "k"), account: "a")
      #expect(
        second == Store.Receipt(conversationID: first.conversationID, exchangeID: first.exchangeID, isDuplicate: true))
      let conversation = try await store.conversation(first.conversationID, account: "a")
      #expect(conversation?.dialogueCount == 1)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `either of two keys makes a repeat, and both lead to the first from then on`(engine: TestEngine) async throws {
    func keyed(_ client: String?, _ importer: String?) -> NewExchange {
      var exchange = NewExchange.sample(conversation: "c", key: client)
      exchange.idempotencyKey = importer
      return exchange
    }
    try await engine.withStore { store in
      // One batch: the second concedes to the first and takes `k2` along, so the third is a repeat too.
      let batch = [keyed("k1", "i1"), keyed("k2", "i1"), keyed("k2", "i2"), keyed(nil, "i2")]
      let receipts = try await store.append(batch, account: "a").map { try $0.get() }
      #expect(Set(receipts.map(\.exchangeID)).count == 1)
      let later = try await store.append(keyed("k2", nil), account: "a")
      #expect(later.exchangeID == receipts[0].exchangeID)
      let conversation = try await store.conversation("c", account: "a")
      #expect(conversation?.dialogueCount == 1)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `ids that only look alike are different conversations`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      // é in one scalar and in two, as conversation, app, user and model.
      let composed = "caf\u{E9}"
      let decomposed = "cafe\u{301}"
      var exchanges: [NewExchange] = []
      for text in [composed, decomposed] {
        var exchange = NewExchange.sample(conversation: text, key: text, app: text, user: text)
        exchange.modelName = text
        exchanges.append(exchange)
      }
      _ = try await store.append(exchanges, account: "a").map { try $0.get() }
      for text in [composed, decomposed] {
        let conversation = try #require(await store.conversation(text, account: "a"))
        #expect(conversation.dialogueCount == 1)
        #expect(Array(conversation.appID.utf8) == Array(text.utf8))
      }
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `absurd prices are kept and not counted`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange = NewExchange.sample(conversation: "c")
      exchange.totalPrice = .max
      _ = await store.append([exchange, exchange, .sample(conversation: "c")], account: "a")
      let conversation = try await store.conversation("c", account: "a")
      #expect(conversation?.totalPrice == 0)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `one exchange that cannot be stored does not lose its batch`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchanges: [NewExchange] = (0..<100).map { .sample(query: "\($0)", conversation: "c-\($0 % 7)") }
      try await store.database.writer.run { connection in
        try connection.executeScript("CREATE UNIQUE INDEX one_name ON message_files (file_name)")
      }
      for index in [40, 41] {
        exchanges[index] = .sample(conversation: "refused-\(index)")
        exchanges[index].attachments = [.named("first-\(index)"), .named("same-\(index / 41)")]
      }
      exchanges[41].attachments.append(.named("same-1"))
      let results = await store.append(exchanges, account: "a")
      let failed = results.indices.filter { if case .failure = results[$0] { true } else { false } }
      #expect(failed == [41])
      #expect(try await store.conversation("refused-41", account: "a") == nil)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `concurrent writers keep counters exact`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<32 {
          group.addTask {
            for turn in 0..<20 {
              var exchange = NewExchange.sample(
                conversation: "c-\((writer + turn) % 5)", key: turn % 3 == 0 ? "k-\(turn)" : nil,
                user: "u-\(writer % 3)")
              exchange.promptTokens = 3
              exchange.completionTokens = 4
              exchange.totalPrice = 11
              exchange.latency = .milliseconds(writer * 100)
              _ = try await store.append(turn % 7 == 6 ? .failure(conversation: "c-1") : exchange, account: "a")
            }
          }
        }
        try await group.waitForAll()
      }
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `10,000 messages of one exchange keep their order`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      var exchange = NewExchange.sample(conversation: "c")
      exchange.messages = (0..<10_000).map { .text($0 % 2 == 0 ? "user" : "assistant", "\($0)") }
      exchange.choices = [.text("assistant", "first"), .text("assistant", "second")]
      let receipt = try await store.append(exchange, account: "a")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 1))
      let stored = try #require(page.exchanges.first)
      #expect(stored.id == receipt.exchangeID)
      #expect(stored.messages.map { $0.content?.string } == (0..<10_000).map(String.init))
      #expect(stored.choices.map { $0.content?.string } == ["first", "second"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `absurd token counts are kept and not counted`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      for _ in 0..<3 {
        var exchange = NewExchange.sample(conversation: "c")
        exchange.promptTokens = .max
        exchange.completionTokens = 5
        _ = try await store.append(exchange, account: "a")
      }
      #expect(try await store.conversation("c", account: "a")?.totalTokens == 15)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `closing writes what was queued`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let store: Store = try await fixture.open()
      async let results = store.append((0..<2_000).map { .sample(query: "\($0)", conversation: "c") }, account: "a")
      let stored: Int = await results.count { if case .success = $0 { true } else { false } }
      await store.close()
      #expect(stored == 2_000)
      try await fixture.withStore { store in
        let conversation = try #require(await store.conversation("c", account: "a"))
        #expect(conversation.dialogueCount == Int64(stored))
      }
    }
  }
}

extension VerbatimModel.Attachment {
  fileprivate static func named(_ name: String) -> Self {
    Self(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user, fileName: name)
  }
}

import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// The tables of seeds 002, 003 and 004 become Verbatim's.
@Suite struct SeedMigrationTests {
  @Test(arguments: TestEngine.allCases)
  func `seed 002 is taken over with settings and attachments`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 60)
      try await legacy.run(engine.seed002)
      var conversations: [[LegacyDatabase.Value]] = (0..<corpus.conversationCount).map { number in
        let title: LegacyDatabase.Value = number == 0 ? .null : .text("标题 \(number)")
        let status: LegacyDatabase.Value = number == 2 ? "archived" : "active"
        return [.integer(Int64(number + 100)), title, "2025-01-01 00:00:00", "2025-02-01 00:00:00", status]
      }
      conversations.append([1, "empty", "2025-01-01 00:00:00", nil, "deleted"])
      try await legacy.insert(
        into: "conversations", ["user_id", "title", "created_at", "updated_at", "status"], conversations)
      var rows: [[LegacyDatabase.Value]] = []
      for (index, turn) in corpus.turns.enumerated() {
        let time: LegacyDatabase.Value = .text(LegacyCorpus.date(LegacyCorpus.start + Int64(index)))
        let conversation: LegacyDatabase.Value = .integer(Int64(turn.conversation + 1))
        rows.append([conversation, "user", .text(turn.query), 3, 10, time, nil, nil, nil, nil, nil])
        rows.append([conversation, "assistant", .text(turn.answer), 3, 20, time, "stop", "fp", nil, 10, 20])
      }
      rows.append([1, "assistant", nil, 3, nil, nil, "tool_calls", nil, #"[{"id": "call-1"}]"#, nil, nil])
      try await legacy.insert(
        into: "messages",
        [
          "conversation_id", "role", "content", "model_id", "tokens_consumed", "created_at", "finish_reason",
          "system_fingerprint", "tool_calls", "prompt_tokens", "completion_tokens",
        ], rows)
      try await legacy.run([
        "INSERT INTO conversation_settings (conversation_id, temperature, max_tokens, system_message) "
          + "VALUES (2, 0.25, 99, '你是助手')",
        "INSERT INTO message_attachments (message_id, attachment_type, file_url, metadata) "
          + "VALUES (1, 'image', 'https://a.example/b.png', '{\"w\": 1}'), (2, 'hologram', NULL, NULL)",
      ])
      #expect(try await legacy.migrate() == Int64(rows.count + corpus.conversationCount + 2))

      try await StoreFixture(engine: legacy.place).withStore { store in
        #expect(try await store.findings() == [])
        for number in 1..<corpus.conversationCount {
          let id = "\(number + 1)"
          let page = try #require(await store.exchanges(of: id, account: "default", before: nil, limit: 100))
          #expect(page.turns(number) == corpus.expected(number))
          #expect(page.exchanges.first?.totalTokens == 30)
          #expect(page.exchanges.first?.userID == "\(number + 100)")
          #expect(page.exchanges.first?.createdAt == (LegacyCorpus.start + Int64(number)) * 1000)
          let conversation = try #require(await store.conversation(id, account: "default"))
          #expect(conversation.name == "标题 \(number)")
          #expect(conversation.status == (number == 2 ? .archived : .active))
          #expect(conversation.updatedAt == 1_738_368_000_000)
          #expect(conversation.createdAt == 1_735_689_600_000)
        }
        let first = try #require(await store.exchanges(of: "1", account: "default", before: nil, limit: 100))
        let attachments: [VerbatimModel.Attachment] = first.exchanges.flatMap { $0.attachments.map(\.attachment) }
        #expect(attachments.map(\.kind) == [.image, .other])
        #expect(attachments.map(\.belongsTo) == [.user, .assistant])
        #expect(attachments.map(\.url) == ["https://a.example/b.png", ""])
        #expect(first.exchanges.first { $0.finishReason == "tool_calls" }?.choices.first?.toolCalls != nil)
        let named = try #require(await store.conversation("1", account: "default"))
        #expect(corpus.expected(0).contains { $0.query.hasPrefix(named.name) })
        #expect(try await store.conversation("8", account: "default") == nil)
        var deleted = ConversationQuery(.account("default"))
        deleted.statuses = [.deleted]
        let found = try await store.conversations(matching: deleted).conversations
        #expect(found.map(\.id) == ["8"])
      }
      let settings = try await legacy.rows(
        "SELECT conversation_id, temperature, max_tokens, system_message FROM conversation_settings", columns: 4)
      #expect(settings == [["2", "0.25", "99", "你是助手"]])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `seed 003 is taken over with files, prices and keys`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run(engine.seed003)
      try await legacy.insert(
        into: "conversations",
        ["id", "app_id", "name", "status", "inputs", "from_end_user_id", "dialogue_count", "created_at", "updated_at"],
        [["c-1", "shop", "名", "archived", #"{"a": 1.50}"#, "u-1", 4, "2025-01-15 10:00:00", "2025-01-16 10:00:00"]])
      let columns = [
        "id", "conversation_id", "app_id", "model_provider", "model_id", "inputs", "query", "answer", "message_tokens",
        "answer_tokens", "provider_response_latency", "total_price", "currency", "status", "error",
        "message_metadata", "client_message_id", "created_at",
      ]
      try await legacy.insert(
        into: "messages", columns,
        [
          [
            "m-1", "c-1", "shop", "openai", "gpt-4o", #"{"k": 12345678901234567890}"#, "问", "答", 3, 4,
            .literal("1.234"), .literal("0.000123"), "CNY", "normal", nil, #"{"latency": 1.234}"#, "key-1",
            "2025-01-15 10:30:00",
          ],
          [
            "m-2", "c-1", "shop", "openai", "gpt-4o", "{}", "失败", "", 0, 0, .literal("0"), .literal("0"), "USD",
            "error", "timeout", nil, nil, "2025-01-15 10:31:00",
          ],
        ])
      try await legacy.insert(
        into: "message_files", ["id", "message_id", "type", "transfer_method", "url", "belongs_to", "created_by"],
        [["f-1", "m-1", "document", "local_file", "/uploads/a.pdf", "user", "u-1"]])
      #expect(try await legacy.migrate() == 3)

      try await StoreFixture(engine: legacy.place).withStore { store in
        #expect(try await store.findings() == [])
        let page = try #require(await store.exchanges(of: "c-1", account: "default", before: nil, limit: 10))
        try #require(page.exchanges.count == 2)
        let first: StoredExchange = page.exchanges[0]
        #expect(page.turns(0) == [.init(conversation: 0, query: "问", answer: "答")])
        #expect(first.inputs.map { JSONSlice(trusting: $0)["k"]?.bytes.string } == "12345678901234567890")
        #expect(first.latency == .milliseconds(1234))
        #expect(first.totalPrice == 123)
        #expect(first.currency == "CNY")
        #expect(first.totalTokens == 7)
        #expect(first.createdAt == 1_736_937_000_000)
        #expect(first.attachments.map(\.attachment.url) == ["/uploads/a.pdf"])
        #expect(first.metadata.map { JSONSlice(trusting: $0)["latency"]?.bytes.string } == "1.234")
        #expect(page.exchanges[1].failure == NewExchange.Failure(code: "error", message: "timeout"))
        let conversation = try #require(await store.conversation("c-1", account: "default"))
        #expect(conversation.name == "名")
        #expect(conversation.appID == "shop")
        #expect(conversation.userID == "u-1")
        #expect(conversation.status == .archived)
        #expect(conversation.updatedAt == 1_737_021_600_000)
        // A client that repeats what it sent before the migration is answered with what is there.
        let receipt = try await store.append(.sample(conversation: "c-1", key: "key-1"), account: "default")
        #expect(receipt.isDuplicate)
        #expect(receipt.exchangeID == first.id)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `seed 004 is taken over, also a conversation of 10,000 messages`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 5000, conversations: 1)
      try await legacy.run(engine.seed004)
      let id = "0b9f6a3e-0d8e-4b57-9c3f-000000000001"
      try await legacy.insert(
        into: "conversations", ["id", "last_active", "created_at"],
        [[.text(id), "2025-01-15 12:00:00", "2025-01-15 10:00:00"]])
      let zeroDate: LegacyDatabase.Value = engine == .postgreSQL ? nil : "0000-00-00 00:00:00"
      var rows: [[LegacyDatabase.Value]] = corpus.turns.enumerated().flatMap { index, turn in
        let time: LegacyDatabase.Value = .text(LegacyCorpus.date(LegacyCorpus.start + Int64(index / 2)))
        return [
          [.text(id), "user", .text(turn.query), time], [.text(id), "assistant", .text(turn.answer), time],
        ] as [[LegacyDatabase.Value]]
      }
      rows.append([.text(id), "user", "when?", zeroDate])
      try await legacy.insert(into: "messages", ["conversation_id", "role", "content", "timestamp"], rows)
      #expect(try await legacy.migrate(.init(timeZone: "Asia/Shanghai")) == 10_002)

      try await StoreFixture(engine: legacy.place).withStore { store in
        var turns: [LegacyCorpus.Turn] = []
        var first: UUIDv7?
        while true {
          let page = try #require(await store.exchanges(of: id, account: "default", before: first, limit: 1000))
          turns = page.turns(0) + turns
          first = page.exchanges.first?.id
          if !page.hasMore { break }
        }
        #expect(turns.first == LegacyCorpus.Turn(conversation: 0, query: "when?", answer: ""))
        #expect(Array(turns.dropFirst()) == corpus.turns)
        let conversation = try #require(await store.conversation(id, account: "default"))
        #expect(conversation.messageCount == 10_001)
        // Noon in Shanghai.
        #expect(conversation.lastActiveAt == 1_736_913_600_000)
        #expect(try await store.findings() == [])
      }
    }
  }
}

extension ExchangePage {
  /// Questions and answers of those that did not fail.
  func turns(_ conversation: Int) -> [LegacyCorpus.Turn] {
    exchanges.filter { $0.failure == nil && $0.finishReason != "tool_calls" }.map { exchange in
      LegacyCorpus.Turn(
        conversation: conversation, query: exchange.messages.last?.content?.string ?? "",
        answer: exchange.choices.first?.content?.string ?? "")
    }
  }
}

import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// New API's history becomes Verbatim's.
@Suite struct GatewayMigrationTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `rows of messages become exchanges, in one table or one a day`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 240)
      let rows = corpus.historyRows()
      let tables: [String] =
        isDaily ? (15...17).map { "conversation_histories_2025_01_\($0)" } : ["conversation_histories"]
      try await legacy.run(["CREATE TABLE users (id BIGINT)", "INSERT INTO users VALUES (1)"])
      for (index, table) in tables.enumerated() {
        try await legacy.run([engine.history(table)])
        // Two rows a request, two requests at once.
        let part = rows.count / tables.count / 4 * 4
        let some = rows[(index * part)..<(index == tables.count - 1 ? rows.count : (index + 1) * part)]
        try await legacy.insert(into: table, LegacyCorpus.historyColumns, Array(some))
      }
      #expect(try await legacy.migrate() == Int64(rows.count))

      try await StoreFixture(engine: legacy.place).withStore { store in
        #expect(try await store.findings() == [])
        for conversation in 0..<corpus.conversationCount {
          let account = "\(conversation % 3)"
          let page = try #require(
            await store.exchanges(of: "conv_\(conversation)", account: account, before: nil, limit: 1000))
          let turns: [LegacyCorpus.Turn] = page.exchanges.map { exchange in
            LegacyCorpus.Turn(
              conversation: conversation, query: exchange.messages.last?.content?.string ?? "",
              answer: exchange.choices.first?.content?.string ?? "")
          }
          #expect(turns == corpus.expected(conversation))
          let first = try #require(page.exchanges.first)
          #expect(first.createdAt == (LegacyCorpus.start + Int64(conversation)) * 1000)
          #expect(first.totalTokens == 40)
          #expect(first.usage?.string == #"{"prompt_tokens":15,"completion_tokens":25,"total_tokens":40}"#)
          #expect(first.finishReason == "stop")
          #expect(first.responseID == "chatcmpl-\(conversation)")
          #expect(first.userID == account)
          let record = first.legacyRecord?["columns"]
          #expect(record?["message_id"]?.string?.string.hasPrefix("conv_\(conversation)_assistant_") == true)
          #expect(record?["ip"]?.string?.string == "10.0.0.7")
        }
        let seventh = try #require(await store.conversation("conv_0", account: "0"))
        #expect(seventh.dialogueCount == Int64(corpus.expected(0).count))
        #expect(seventh.updatedAt == seventh.lastActiveAt)
      }
      #expect(try await legacy.count("users") == 1)
      for table in tables { #expect(try await legacy.count("legacy_\(table)") > 0) }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows of whole conversations and of failures become exchanges`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run([engine.history("conversation_histories"), engine.failures("error_conversation_histories")])
      let messages =
        #"[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"看图"}]},"#
        + #"{"role":"assistant","content":null,"tool_calls":[{"id":"a","n":12345678901234567890123}]}]"#
      try await legacy.insert(
        into: "conversation_histories", LegacyCorpus.historyColumns,
        [
          [
            1, 1_736_937_000, 1_736_937_001, "c", "c_full", "conversation", .text(#"{"messages":\#(messages)}"#),
            "gpt-4o", 1, 2, 3, 4, 7, .literal("true"), "", "",
            #"{"message_count":3,"request_time":1736937000,"response_id":"chatcmpl-9"}"#, "::1",
          ]
        ])
      try await legacy.insert(
        into: "error_conversation_histories",
        ["user_id", "created_at", "conversation_id", "message_id", "role", "content", "error_code", "error_message"],
        [
          [
            1, 1_736_937_002, "c", "c_error", "error_conversation",
            #"{"messages":[{"role":"user","content":"q"}],"error":{"code":429,"message":"slow"}}"#, 429, "slow",
          ],
          [1, 1_736_937_003, "c", "c_error_5", "user", "alone", 500, "broken"],
        ])
      #expect(try await legacy.migrate() == 3)
      try await StoreFixture(engine: legacy.place).withStore { store in
        let page = try #require(await store.exchanges(of: "c", account: "1", before: nil, limit: 10))
        try #require(page.exchanges.count == 3)
        let whole: StoredExchange = page.exchanges[0]
        var writer = JSONWriter()
        writer.beginArray()
        for message in whole.messages + whole.choices { writer.message(message) }
        writer.endArray()
        #expect(writer.bytes[...].string == messages)
        #expect(whole.responseID == "chatcmpl-9")
        #expect(whole.totalTokens == 7)
        #expect(whole.isStream)
        #expect(page.exchanges.dropFirst().map(\.failure?.code) == ["429", "500"])
        #expect(page.exchanges[1].messages.map { $0.content?.string } == ["q"])
        #expect(page.exchanges[1].request?.string == #"{"error":{"code":429,"message":"slow"}}"#)
        #expect(page.exchanges[2].messages.map { $0.content?.string } == ["alone"])
        #expect(try await store.findings() == [])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows of raw JSON become exchanges`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run([engine.rawHistory("conversation_histories_2025_01_15")])
      try await legacy.insert(
        into: "conversation_histories_2025_01_15",
        ["conversation_id", "model_name", "raw_json", "user_id", "created_at", "deleted_at"],
        [
          [
            "c", "claude", #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}],"t":1}"#,
            4, "2025-01-15 10:30:00", nil,
          ]
        ])
      #expect(try await legacy.migrate() == 1)
      try await StoreFixture(engine: legacy.place).withStore { store in
        let page = try #require(await store.exchanges(of: "c", account: "4", before: nil, limit: 10))
        let exchange = try #require(page.exchanges.first)
        #expect(exchange.createdAt == 1_736_937_000_000)
        #expect(exchange.request?.string == #"{"t":1}"#)
        #expect(exchange.choices.map { $0.content?.string } == ["a"])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `odd rows are moved whole`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run([engine.history("conversation_histories")])
      let columns = ["user_id", "created_at", "conversation_id", "message_id", "role", "content", "other"]
      try await legacy.insert(
        into: "conversation_histories", columns,
        [
          [nil, nil, nil, nil, nil, nil, nil],
          [7, 0, "", "", "", "", ""],
          [7, 1_736_937_000, "c", "same", "user", "👩‍👩‍👧 é", "not json"],
          [7, 1_736_937_000, "c", "same", "bot", "[1, 2", "[1]"],
          [7, 1_736_937_000, "c", "same", "assistant", #"[{"type":"text","text":"parts"}]"#, #"{"tool_calls":[]}"#],
          [7, 1_736_937_001_000, "d", "d_full", "conversation", #"{"messages": [broken"#, nil],
          [7, 1_736_937_001, "e", "e_full", "conversation", #"{"messages":[{"no":"role"},5]}"#, nil],
          [7, -5, "f", "f_user_0", "user", "never answered", nil],
          [7, 1_736_937_001, "f", "f_user_0", "user", "null", nil],
          [7, 1_736_937_002, "f", "f_user_1", "assistant", "history", nil],
          [7, 1_736_937_003, "f", "f_assistant_9", "assistant", "", nil],
        ])
      #expect(try await legacy.migrate(.init(account: "default")) == 11)
      try await StoreFixture(engine: legacy.place).withStore { store in
        #expect(try await store.findings() == [])
        func texts(_ conversation: String) async throws -> [[String?]] {
          try await store.exchanges(of: conversation, account: "default", before: nil, limit: 10)?.exchanges.map {
            ($0.messages + $0.choices).map { $0.content?.string }
          } ?? []
        }
        #expect(try await texts("c") == [["👩‍👩‍👧 é", "[1, 2", "parts"]])
        #expect(try await texts("d") == [[#"{"messages": [broken"#]])
        #expect(try await texts("e") == [[#"{"no":"role"}"#, "5"]])
        #expect(try await texts("f") == [["never answered"], [nil, "history", ""]])
        let page = try #require(await store.exchanges(of: "c", account: "default", before: nil, limit: 10))
        let record = page.exchanges.first?.legacyRecord
        #expect(
          record?["messages"]?.elements.map { $0["other"]?.string?.string ?? "" } == ["not json", "[1]"])
        #expect(try await legacy.rows("SELECT role FROM conversation_histories", columns: 1).count == 12)
      }
    }
  }
}

extension StoredExchange {
  /// What is kept of the rows that it was made of.
  var legacyRecord: JSONSlice? { metadata.map { JSONSlice(trusting: $0) }?["legacy"] }
}

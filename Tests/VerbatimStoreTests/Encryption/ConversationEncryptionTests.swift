import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Names, metadata, settings and tags of conversations, with keys.
@Suite struct ConversationEncryptionTests {
  private static let secret = "Ringelnatter"
  private static let reach = Reach.account("a")

  private static func describe(_ id: String, in store: Store) async throws {
    var change = ConversationChange()
    change.name = "\(secret) \(id)"
    change.tags = ["\(secret)", "enc:v1:no", String(repeating: "尾", count: ConversationChange.longestTag)]
    change.metadata = .replace(Bytes(utf8: #"{"a":"\#(secret)"}"#))
    _ = try await store.change(id, change, within: reach)
    var settings = ConversationSettings()
    settings.systemMessage = "Speak of \(secret)."
    settings.stopSequences = Bytes(utf8: #"["\#(secret)"]"#)
    settings.temperature = 0.5
    _ = try await store.setSettings(settings, of: id, within: reach)
  }

  private static func expectAll(of id: String, in store: Store) async throws {
    let conversation = try #require(await store.conversation(id, within: reach))
    #expect(conversation.name == "\(secret) \(id)")
    #expect(conversation.metadata?.string == #"{"a":"\#(secret)"}"#)
    #expect(conversation.tags == [secret, "enc:v1:no", String(repeating: "尾", count: ConversationChange.longestTag)])
    let settings = try #require(await store.settings(of: id, within: reach))
    #expect(settings.systemMessage == "Speak of \(secret).")
    #expect(settings.stopSequences?.string == #"["\#(secret)"]"#)
    #expect(settings.temperature == 0.5)
  }

  private static func found(in store: Store, _ change: (inout ConversationQuery) -> Void) async throws -> [String] {
    var query = ConversationQuery(reach)
    query.isAscending = true
    change(&query)
    return try await store.conversations(matching: query).conversations.map(\.id)
  }

  private static func storedTexts(in store: Store) async throws -> [String] {
    let queries: [SQL] = [
      "SELECT name FROM conversations", "SELECT coalesce(metadata, '') FROM conversations",
      "SELECT coalesce(system_message, '') FROM conversation_settings",
      "SELECT coalesce(stop_sequences, '') FROM conversation_settings", "SELECT tag FROM verbatim_conversation_tags",
    ]
    return try await store.database.read { connection in
      try queries.flatMap { try connection.query($0) { $0.text(0) } }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is said about conversations is stored sealed, read as it was, and found`(engine: TestEngine) async throws {
    try await engine.withStore {
      $0.contentKeys = TestKeys.one
    } _: { store in
      for id in ["c", "d", "e"] { _ = try await store.append(.sample(conversation: id), account: "a") }
      for id in ["c", "d"] {
        try await Self.describe(id, in: store)
        try await Self.expectAll(of: id, in: store)
      }
      let texts = try await Self.storedTexts(in: store)
      #expect(texts.filter { $0.contains(Self.secret) } == [])
      #expect(texts.filter { !$0.isEmpty }.allSatisfy { $0.hasPrefix("enc:v1:one:") })
      #expect(try await Self.found(in: store) { $0.text = "ringelNATTER" } == ["c", "d"])
      #expect(try await Self.found(in: store) { $0.tag = Self.secret } == ["c", "d"])
      #expect(try await Self.found(in: store) { $0.tag = "ringelnatter" } == [])
      #expect(try await Self.found(in: store) { $0.tag = "enc:v1:no" } == ["c", "d"])
      #expect(try await Self.found(in: store) { $0.sort = .name } == ["c", "d", "e"])
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `under several keys everything is found, and brought under one`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let all: [(id: String, keys: ContentKeys)] = [
        ("c", .none), ("d", TestKeys.one), ("e", TestKeys.twoThenOne),
      ]
      for (id, keys) in all {
        try await fixture.withStore {
          $0.contentKeys = keys
        } _: { store in
          _ = try await store.append(.sample(conversation: id), account: "a")
          try await Self.describe(id, in: store)
        }
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.twoThenOne
      } _: { store in
        for id in ["c", "d", "e"] { try await Self.expectAll(of: id, in: store) }
        #expect(try await Self.found(in: store) { $0.tag = Self.secret } == ["c", "d", "e"])
        _ = try await store.reencrypt { _, _ in }
        #expect(try await store.reencrypt { _, _ in } == 0)
        let texts = try await Self.storedTexts(in: store)
        #expect(texts.allSatisfy { $0.hasPrefix("enc:v1:two:") })
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.noneThenBoth
      } _: { store in
        for id in ["c", "d", "e"] { try await Self.expectAll(of: id, in: store) }
        _ = try await store.reencrypt { _, _ in }
      }
      try await fixture.withStore { store in
        for id in ["c", "d", "e"] { try await Self.expectAll(of: id, in: store) }
        #expect(try await Self.found(in: store) { $0.tag = Self.secret } == ["c", "d", "e"])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `without its key a conversation is refused by the key's name, and can be deleted`(engine: TestEngine)
    async throws
  {
    try await engine.withFixture { fixture in
      try await fixture.withStore {
        $0.contentKeys = TestKeys.one
      } _: { store in
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        try await Self.describe("c", in: store)
      }
      try await fixture.withStore {
        $0.contentKeys = TestKeys.two
      } _: { store in
        let error = await #expect(throws: StoreError.self) { try await store.conversation("c", within: Self.reach) }
        #expect("\(String(describing: error))".contains("with the key one, which CONTENT_KEYS does not have"))
        _ = await #expect(throws: StoreError.self) { try await store.reencrypt { _, _ in } }
        let isDeleted = try await store.delete("c", within: Self.reach)
        let purged = try await store.purge("c", within: Self.reach)
        #expect(isDeleted && purged?.exchanges == 1)
      }
    }
  }
}

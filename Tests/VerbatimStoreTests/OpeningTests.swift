import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct OpeningTests {
  @Test(arguments: TestEngine.allCases)
  func `another partition time zone is refused`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.partitionTimeZone = "Asia/Shanghai" }) { _ in }
      let reason = try #require(await fixture.refusal())
      #expect(reason.contains("Asia/Shanghai"))
      #expect(try await fixture.refusal { $0.partitionTimeZone = "Asia/Shanghai" } == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `whoever only reads takes the stored time zone`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore({ $0.partitionTimeZone = "Asia/Shanghai" }) { store in
        var exchange = NewExchange.sample(conversation: "c")
        // 2025-01-15 in Shanghai, the day before in UTC.
        exchange.createdAt = 1_736_874_000_000
        _ = try await store.append(exchange, account: "a")
      }
      try await fixture.withStore({ $0.isReadOnly = true }) { reader in
        let findings = try await reader.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a time zone that is none is refused`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let reason = try #require(await fixture.refusal { $0.partitionTimeZone = "Mars/Olympus" })
      #expect(reason.contains("PARTITION_TIMEZONE"))
    }
  }

  @Test(arguments: [TestEngine.sqlite, .postgreSQL])
  func `a store that could not be opened leaves its journal to the next`(engine: TestEngine) async throws {
    let folder = try TemporaryFolder()
    let change: (inout Store.Configuration) -> Void = { configuration in
      configuration.journal = JournalConfiguration(path: folder.path("journal.db"), maximumBytes: 1 << 20)
      configuration.isDaily = true
      configuration.clock = { midJanuary }
    }
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        // Its index cannot be made.
        try await store.database.writer.run { connection in
          try connection.executeScript("CREATE TABLE conversation_histories_2025_01_15 (id TEXT)")
        }
      }
      let refusal = try #require(await fixture.refusal(change))
      #expect(refusal.contains("account_id"), "\(refusal)")
      try await fixture.withStore { store in
        try await store.database.writer.run { try $0.executeScript("DROP TABLE conversation_histories_2025_01_15") }
      }
      #expect(try await fixture.refusal(change) == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a newer schema is refused`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        try await store.database.writer.run { connection in
          try connection.executeScript("INSERT INTO verbatim_schema_versions VALUES (99, 'from the future', 0)")
        }
      }
      let reason = try #require(await fixture.refusal())
      #expect(reason.contains("99"))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a store opened for reading sees what a writer commits`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { writer in
        try await fixture.withStore({ $0.isReadOnly = true }) { reader in
          _ = try await writer.append(.sample(conversation: "c"), account: "a")
          #expect(try await reader.conversation("c", account: "a")?.dialogueCount == 1)
          let findings = try await reader.findings()
          #expect(findings == [])
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `many that start at once upgrade one database`(engine: TestEngine) async throws {
    guard engine != .sqlite else { return }
    try await engine.withFixture { fixture in
      let stores: [Store] = try await withThrowingTaskGroup { group in
        for _ in 0..<6 { group.addTask { try await fixture.open() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      for (number, store) in stores.enumerated() {
        _ = try await store.append(.sample(conversation: "c-\(number)"), account: "a")
      }
      let findings = try await stores[0].findings()
      #expect(findings == [])
      for store in stores { await store.close() }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `somebody else's tables are not touched`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let database = try await Database.open(Database.Configuration(fixture.engine))
      try await database.writer.run { try $0.executeScript("CREATE TABLE conversations (id INTEGER)") }
      await database.close()
      let reason = try #require(await fixture.refusal())
      #expect(reason.contains("conversations"))
      let again = try await fixture.refusal()
      #expect(again == reason)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an upgrade that was cut off goes on`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let database = try await Database.open(Database.Configuration(fixture.engine))
      try await database.writer.run { connection in
        let dialect: Dialect = try connection.dialect()
        // What is left where definitions are not rolled back: the beginning is noted, and some tables are there.
        guard !dialect.rollsBackDefinitions else { return }
        try connection.executeScript(dialect.schema.versions(in: MigrationChain.history.versionsTable, dialect))
        try connection.executeScript("INSERT INTO verbatim_schema_versions VALUES (1, 'recorder', -1)")
        for step in dialect.schema.recorder(dialect).prefix(3) { try connection.executeScript(step) }
        let version: Int64 = try connection.schemaVersion()
        #expect(version == 0)
      }
      await database.close()
      try await fixture.withStore { store in
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: TestEngine.servers)
  func `a server's backup is left to its own tools, in words`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      try await fixture.withStore { store in
        await #expect(throws: StoreError.self) { try await store.backup(to: "copy.db") { _, _ in } }
        let damage = try await store.integrityCheck()
        #expect(damage == [])
      }
      let restore = Restore(from: "copy.db", to: Store.Configuration(fixture.engine), isForced: true)
      let refusal = await #expect(throws: StoreError.self) { _ = try await restore.run { _, _ in } }
      guard case .unusable(let reason) = refusal else {
        Issue.record("refused as \(String(describing: refusal))")
        return
      }
      #expect(reason.contains("pg_dump"))
      #expect(!reason.contains(PostgreSQLServer.password))
    }
  }
}

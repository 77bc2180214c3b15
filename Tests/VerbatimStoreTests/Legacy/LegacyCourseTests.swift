import Databases
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// How a migration begins, breaks off, goes on and ends.
@Suite struct LegacyCourseTests {
  @Test(arguments: TestEngine.allCases)
  func `a store does not open before the migration, nor in the middle of it`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await history(in: legacy, turns: 3000)
      let fixture = StoreFixture(engine: legacy.place)
      let reason = try #require(await fixture.refusal())
      #expect(reason.contains("verbatim migrate"))
      #expect(!reason.contains("\n"))
      try await breakOff(legacy, atEvent: 2)
      #expect(try await fixture.refusal()?.contains("verbatim migrate") == true)
      #expect(try await legacy.count("legacy_conversation_histories") == 6000)
      _ = try await legacy.migrate()
      #expect(try await fixture.refusal() == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `wherever it breaks off, it goes on without loss or doubling`(engine: TestEngine) async throws {
    let straight = try await engine.withLegacyDatabase { legacy in
      let corpus = try await history(in: legacy, turns: 3000)
      _ = try await legacy.migrate()
      return (corpus, try await stored(in: legacy))
    }
    try await engine.withLegacyDatabase { legacy in
      try await history(in: legacy, turns: 3000)
      for event in 1...9 { try await breakOff(legacy, atEvent: event) }
      _ = try await legacy.migrate()
      #expect(try await stored(in: legacy) == straight.1)
      #expect(straight.1.count == 6000)
      let findings = try await StoreFixture(engine: legacy.place).withStore { store in try await store.findings() }
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a difference is found, and nothing is called done`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await history(in: legacy, turns: 20)
      let migration = LegacyMigration(legacy.configuration)
      _ = try await migration.run()
      try await legacy.run([
        "UPDATE conversation_histories SET content = 'changed' WHERE role = 'user' AND position = 0",
        "UPDATE verbatim_settings SET value = replace(value, 'compared', 'moved') WHERE name LIKE 'legacy:%'",
      ])
      await #expect(throws: StoreError.self) { try await migration.run() }
      await #expect(throws: StoreError.self) { try await migration.dropLegacyTables() }
      #expect(try await legacy.count("legacy_conversation_histories") == 40)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `old tables are dropped only when asked, and only what was moved`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await legacy.run(engine.seed002 + ["CREATE TABLE users (id BIGINT)"])
      try await legacy.run([
        "INSERT INTO conversations (user_id, title) VALUES (1, 't')",
        "INSERT INTO messages (conversation_id, role, content) VALUES (1, 'user', 'q')",
        "INSERT INTO message_attachments (message_id, attachment_type) VALUES (1, 'image')",
        "INSERT INTO conversation_settings (conversation_id) VALUES (1)",
      ])
      let migration = LegacyMigration(legacy.configuration)
      await #expect(throws: StoreError.self) { try await migration.dropLegacyTables() }
      _ = try await migration.run()
      #expect(try await migration.findings().count == 4)
      #expect(try await migration.dropLegacyTables().count == 4)
      #expect(try await migration.findings() == [])
      #expect(try await legacy.count("users") == 0)
      #expect(try await migration.run() == 0)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a history with tables of days takes over into tables of days`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      let corpus = try LegacyCorpus(turns: 30)
      let table = "conversation_histories_2025_01_15"
      try await legacy.run([engine.history(table), engine.failures("error_\(table)")])
      try await legacy.insert(into: table, LegacyCorpus.historyColumns, corpus.historyRows())
      try await legacy.insert(
        into: "error_\(table)", ["user_id", "created_at", "conversation_id", "role", "content", "error_code"],
        [[1, .integer(LegacyCorpus.start), "conv_1", "user", "q", 500]])
      var configuration: Store.Configuration = legacy.configuration
      configuration.isDaily = true
      #expect(try await LegacyMigration(configuration).run() == 61)
      #expect(try await legacy.count(table) == 60)
      #expect(try await legacy.count("error_\(table)") == 1)
      let findings = try await StoreFixture(engine: legacy.place).withStore({ $0.isDaily = true }) { store in
        try await store.findings()
      }
      #expect(findings == [])
    }
  }

  /// Tells what it would do without doing it.
  @Test(arguments: TestEngine.allCases)
  func `what was found is told without a change`(engine: TestEngine) async throws {
    try await engine.withLegacyDatabase { legacy in
      try await history(in: legacy, turns: 5)
      let findings = try await LegacyMigration(legacy.configuration).findings()
      #expect(findings.map(\.table.name) == ["conversation_histories"])
      #expect(findings.map(\.rows) == [10])
      #expect(findings.allSatisfy { $0.progress == nil })
      #expect(try await legacy.count("conversation_histories") == 10)
    }
  }

  @discardableResult
  private func history(in legacy: LegacyDatabase, turns: Int) async throws -> LegacyCorpus {
    let corpus = try LegacyCorpus(turns: turns)
    try await legacy.run([legacy.engine.history("conversation_histories")])
    try await legacy.insert(into: "conversation_histories", LegacyCorpus.historyColumns, corpus.historyRows())
    return corpus
  }

  /// Runs a migration that is cancelled when something has been told so often.
  private func breakOff(_ legacy: LegacyDatabase, atEvent number: Int) async throws {
    let remaining = Mutex(number)
    let running = Mutex<Task<Void, any Error>?>(nil)
    let task = Task {
      let migration = LegacyMigration(legacy.configuration) { _ in
        let isMoment: Bool = remaining.withLock { remaining in
          remaining -= 1
          return remaining == 0
        }
        if isMoment { running.withLock { $0 }?.cancel() }
      }
      _ = try await migration.run()
    }
    running.withLock { $0 = task }
    do {
      try await task.value
    } catch let error as DatabaseError where error.kind == .cancelled {
    } catch is CancellationError {
    } catch StoreError.unusable(let reason) where reason.contains("cancelled") {
    }
  }

  /// Every row's id and text.
  private func stored(in legacy: LegacyDatabase) async throws -> [[String]] {
    let id = legacy.engine == .postgreSQL ? "CAST(id AS text)" : "hex(id)"
    return try await legacy.rows(
      "SELECT \(id), role, content, conversation_id, position FROM conversation_histories ORDER BY id", columns: 5)
  }
}

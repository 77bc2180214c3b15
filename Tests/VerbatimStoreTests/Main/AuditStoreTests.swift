import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct AuditStoreTests {
  private static let start: Int64 = 1_750_000_000_000

  private func entry(
    _ number: Int64, _ action: String = "conversation.read", actor: String = "alice", account: String = "alice",
    conversation: String? = "c", count: Int = 1, detail: String? = nil
  ) -> AuditEntry {
    AuditEntry(
      id: UUIDv7.lowest(at: Self.start + number), action: action, actor: actor, key: AuditEntry.keyless,
      account: account, conversation: conversation, address: "192.0.2.1", requestID: "r\(number)", count: count,
      detail: detail)
  }

  private func withStore(_ engine: TestEngine, _ body: (MainStore) async throws -> Void) async throws {
    let place = try await engine.makeDatabase()
    let main = try await MainStore.open(MainStore.Configuration(place.engine))
    do {
      try await body(main)
    } catch {
      await main.close()
      try await place.drop()
      throw error
    }
    await main.close()
    try await place.drop()
  }

  @Test(arguments: TestEngine.allCases)
  func `rows come back as they were recorded, the newest first`(engine: TestEngine) async throws {
    try await withStore(engine) { main in
      let entries = [
        entry(1, detail: "{\"status\":\"404\"}"), entry(2, "key.create", conversation: nil),
        entry(3, account: AuditEntry.everyAccount, conversation: "é 🙂"),
      ]
      try await main.record(entries)
      let trail = try await main.auditTrail(AuditQuery(), limit: 10)
      #expect(trail == Array(entries.reversed()))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a count grows in its row and never falls`(engine: TestEngine) async throws {
    try await withStore(engine) { main in
      try await main.record([entry(2), entry(1)])
      try await main.record([entry(1, count: 7), entry(3)])
      try await main.record([entry(1, count: 5)])
      #expect(try await main.auditTrail(AuditQuery(), limit: 10).map(\.count) == [1, 1, 7])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `rows are found by who, what, whose, which and when`(engine: TestEngine) async throws {
    try await withStore(engine) { main in
      try await main.record([
        entry(1), entry(2, actor: "bob"), entry(3, "conversation.delete"), entry(4, account: "bob"),
        entry(5, conversation: "d"), entry(6, conversation: nil),
      ])
      func found(_ change: (inout AuditQuery) -> Void) async throws -> [Int64] {
        var query = AuditQuery()
        change(&query)
        return try await main.auditTrail(query, limit: 10).map { $0.time - Self.start }
      }
      let start: Int64 = Self.start
      let byActor = try await found { $0.actor = "bob" }
      let byAction = try await found { $0.action = "conversation.delete" }
      let byAccount = try await found { $0.account = "bob" }
      let byConversation = try await found { $0.conversation = "d" }
      let byTime = try await found { ($0.from, $0.to) = (start + 3, start + 5) }
      let byAll = try await found { ($0.conversation, $0.account, $0.actor) = ("c", "alice", "alice") }
      #expect([byActor, byAction, byAccount, byConversation, byTime, byAll] == [[2], [3], [4], [5], [4, 3], [3, 1]])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `pages follow each other, also while rows arrive`(engine: TestEngine) async throws {
    try await withStore(engine) { main in
      try await main.record((1...25).map { entry($0) })
      var seen: [Int64] = []
      var cursor: UUIDv7?
      repeat {
        let page = try await main.auditTrail(AuditQuery(), after: cursor, limit: 10)
        seen += page.map { $0.time - Self.start }
        cursor = page.last?.id
        try await main.record([entry(100 + Int64(seen.count))])
      } while cursor != nil
      #expect(seen == Array((1...25).reversed()))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `old rows are removed in bounded steps, others stay`(engine: TestEngine) async throws {
    try await withStore(engine) { main in
      try await main.record((1...25).map { entry($0) })
      var steps: [Int] = []
      repeat { steps.append(try await main.removeAudit(before: Self.start + 23, atMost: 10)) } while steps.last != 0
      #expect(steps == [10, 10, 2, 0])
      #expect(try await main.auditTrail(AuditQuery(), limit: 100).map { $0.time - Self.start } == [25, 24, 23])
    }
  }
}

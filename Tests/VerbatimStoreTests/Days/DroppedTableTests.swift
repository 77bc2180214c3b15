import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// What an operator's DROP TABLE does, at any moment.
@Suite struct DroppedTableTests {
  private static let table = "conversation_histories_2025_01_15"

  @Test(arguments: TestEngine.allCases)
  func `a dropped day has no rows, and the others keep theirs`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      let ids = try await fill(store)
      try await store.drop(Self.table)
      let unnoticed = try await store.findings()
      #expect(unnoticed == [])
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.map(\.id) == Array(ids[2...]))
      let place = try await store.database.read { try $0.dayPlace(of: Day(number: 20_250_115)) }
      #expect(place?.hasMessageTable == false)
      let state = try await store.database.read { connection in
        try connection.first("SELECT state, dropped_at FROM verbatim_partitions WHERE day = 20250115") {
          [$0.text(0), $0.isNull(1) ? "never" : "then"]
        }
      }
      #expect(state == ["dropped", "then"])
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a cursor on a dropped day goes on with the days before it`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      let ids = try await fill(store)
      try await store.drop("conversation_histories_2025_01_16")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: ids[3], limit: 100))
      #expect(page.exchanges.map(\.id) == Array(ids[..<2]))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a write to a dropped day makes its table again`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      _ = try await fill(store)
      try await store.drop(Self.table)
      var late = NewExchange.sample(conversation: "c")
      late.createdAt = midJanuary + 5
      let receipt = try await store.append(late, account: "a")
      #expect(try await store.rowCount(Self.table) == 2)
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
      #expect(page.exchanges.first?.id == receipt.exchangeID)
      #expect(page.exchanges.count == 5)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `dropping a day under load disturbs nobody`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      let rounds = SettableClock(0)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 {
          group.addTask {
            for turn in 0..<40 {
              var exchange: NewExchange = turn % 8 == 7 ? .failure(conversation: "c") : .sample(conversation: "c")
              exchange.createdAt = midJanuary + Int64(turn % 2) * dayLength + Int64(writer)
              _ = try await store.append(exchange, account: "a")
            }
          }
        }
        group.addTask {
          while rounds.now < 10 {
            let answer = try await store.exchanges(of: "c", within: .account("a"), from: .oldest, limit: 20)
            if case .noCursor = answer { Issue.record("a page without a cursor had a wrong one") }
          }
        }
        group.addTask {
          for round in 1...10 {
            try await store.drop(Self.table)
            rounds.set(Int64(round))
          }
        }
        try await group.waitForAll()
      }
      #expect(try await store.rowCount("conversation_histories_2025_01_16") == 4 * 15 * 2)
      let conversation = try #require(await store.conversation("c", account: "a"))
      #expect(conversation.dialogueCount == 4 * 35)
      let findings = try await store.findings()
      #expect(findings == [])
    }
  }

  /// Two exchanges a day on three days, oldest first.
  private func fill(_ store: Store) async throws -> [UUIDv7] {
    var ids: [UUIDv7] = []
    for turn in 0..<6 {
      var exchange = NewExchange.sample(conversation: "c", key: "k-\(turn)")
      exchange.responseID = "chatcmpl-\(turn)"
      exchange.attachments = [Attachment(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user)]
      exchange.createdAt = midJanuary + Int64(turn / 2) * dayLength + Int64(turn % 2)
      ids.append(try await store.append(exchange, account: "a").exchangeID)
    }
    return ids
  }
}

extension Store {
  /// As an operator does.
  func drop(_ table: String) async throws {
    try await database.writer.run { connection in try connection.executeScript("DROP TABLE IF EXISTS \(table)") }
  }
}

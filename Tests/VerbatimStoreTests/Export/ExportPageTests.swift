import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct ExportPageTests {
  @Test(arguments: TestEngine.allCases, [false, true])
  func `an export holds each exchange once, and what comes meanwhile is in the next`(
    engine: TestEngine, isDaily: Bool
  ) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      try await store.fillDays(3)
      let before = try await store.record(1_500)
      let first = try await store.selection()
      var late: Set<UUIDv7> = []
      var pages = 0
      let exported = try await store.exported(first) {
        pages += 1
        late.formUnion(try await store.record(20))
        late.formUnion(try await store.record(5, createdAt: midJanuary + dayLength + 60_000))
      }
      #expect(pages > 0)
      #expect(exported.count == 9 + 1_500)
      #expect(Set(exported.map(\.exchange.id)).count == exported.count)
      #expect(before.isSubset(of: Set(exported.map(\.exchange.id))))
      let second = try await store.selection(since: first.end)
      let increment = try await store.exported(second)
      #expect(increment.count == late.count)
      #expect(Set(increment.map(\.exchange.id)) == late)
      let third = try await store.selection(since: second.end)
      #expect(try await store.exported(third).isEmpty)
    }
  }

  @Test(arguments: TestEngine.allCases, [false, true])
  func `exchanges come whole, whichever way they are found`(engine: TestEngine, isDaily: Bool) async throws {
    try await engine.withStore({ $0.isDaily = isDaily }) { store in
      var exchange = NewExchange.sample(conversation: "c", key: "k")
      exchange.messages = (0..<40).map { .text($0 % 2 == 0 ? "user" : "assistant", "turn \($0)") }
      exchange.choices = (0..<3).map { .text("assistant", "choice \($0)") }
      exchange.attachments = [Attachment(kind: .file, transferMethod: .localFile, url: "/a", belongsTo: .user)]
      _ = try await store.append(exchange, account: "a")
      var unanswered = NewExchange.sample(conversation: "c")
      unanswered.choices = []
      unanswered.messages.append(.text("user", "and?"))
      _ = try await store.append(unanswered, account: "a")
      _ = try await store.append(.failure(conversation: "c"), account: "a")
      let page = try #require(await store.exchanges(of: "c", account: "a", before: nil, limit: 10))
      let stored: Set<String> = Set(page.exchanges.map(Self.text))
      // 1 exchange more stands before, so that the feed is followed from behind it.
      for selection in [try await store.selection(), try await store.selection(conversation: "c")] {
        #expect(Set(try await store.exported(selection).map { Self.text($0.exchange) }) == stored)
      }
      var latest = try await store.selection(since: 1)
      #expect(try await store.exported(latest).count == 2)
      latest.status = .error
      #expect(try await store.exported(latest).map(\.exchange.failure?.code) == ["429"])
    }
  }

  private static func text(_ exchange: StoredExchange) -> String {
    "\(exchange.id) \(exchange.messages) \(exchange.choices) \(exchange.attachments) \(String(describing: exchange.failure))"
  }

  @Test(arguments: TestEngine.allCases)
  func `an increment comes in pages that memory holds, also of one transaction`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      _ = try await store.record(1)
      let since = try await store.feedEnd()
      let text = String(repeating: "0123456789", count: 20_000)
      let large: [NewExchange] = (0..<24).map { number in
        number.isMultiple(of: 5)
          ? .failure(conversation: "c") : .sample(query: text, answer: "\(number)", conversation: "c")
      }
      let ids: [UUIDv7] = await store.append(large, account: "a").compactMap { try? $0.get().exchangeID }
      #expect(ids.count == large.count)
      let selection = try await store.selection(since: since)
      var page = try await store.exportPage(selection, from: nil)
      var exported: [UUIDv7] = page.exchanges.map(\.exchange.id)
      while let place = page.next {
        #expect(page.exchanges.count <= 10)
        #expect(ExportPlace(place.text) == place)
        page = try await store.exportPage(selection, from: place)
        exported += page.exchanges.map(\.exchange.id)
      }
      #expect(exported.count == ids.count && Set(exported) == Set(ids))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `how many there may be is told of what the reader may read`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.fillDays(3)
      _ = try await store.append(.sample(conversation: "e"), account: "b")
      var selection = try await store.selection()
      #expect(try await store.exportEstimate(selection) == 9)
      selection.firstDay = Day(text: "2025-01-16")
      selection.lastDay = Day(text: "2025-01-17")
      #expect(try await store.exportEstimate(selection) == 6)
      for (reach, count) in [(.account("b"), 1), (Reach(account: nil), 10), (Reach(account: "a", app: "app"), 0)]
        as [(Reach, Int64)]
      {
        selection = try await store.selection()
        selection.reach = reach
        #expect(try await store.exportEstimate(selection) == count)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `an export is narrowed by days, app, user, model, status and reach`(engine: TestEngine) async throws {
    try await engine.withStore { store in
      try await store.fillDays(3)
      _ = try await store.append(.sample(conversation: "d", app: "other", user: "eve"), account: "a")
      _ = try await store.append(.sample(conversation: "e"), account: "b")
      var selection = try await store.selection()
      selection.firstDay = Day(text: "2025-01-16")
      selection.lastDay = Day(text: "2025-01-17")
      #expect(try await store.exported(selection).count == 6)
      selection.status = .normal
      #expect(try await store.exported(selection).count == 4)
      selection = try await store.selection()
      selection.app = "other"
      #expect(try await store.exported(selection).map(\.exchange.userID) == ["eve"])
      selection = try await store.selection()
      selection.model = "none"
      #expect(try await store.exported(selection).isEmpty)
      selection = try await store.selection()
      selection.reach = Reach(account: "a", app: "other", user: "eve")
      #expect(try await store.exported(selection).map(\.exchange.conversationID) == ["d"])
      selection.reach = Reach(account: nil)
      #expect(try await store.exported(selection).count == 11)
      _ = try await store.delete("d", within: .account("a"))
      #expect(try await store.exported(selection).count == 10)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what a dropped day held is left out, also while it is read`(engine: TestEngine) async throws {
    try await engine.withStore({ $0.isDaily = true }) { store in
      try await store.fillDays(3)
      let selection = try await store.selection()
      try await store.database.writer.run { try $0.executeScript("DROP TABLE conversation_histories_2025_01_16") }
      let exported = try await store.exported(selection)
      // The failure of that day is in a table of its own.
      #expect(exported.count == 7)
    }
  }
}

extension Store {
  /// All of an account.
  fileprivate func selection(since: Int64 = 0, conversation: String? = nil) async throws -> ExportSelection {
    var selection = ExportSelection(.account("a"), end: try await feedEnd())
    selection.since = since
    selection.conversation = conversation
    return selection
  }

  /// Reads all pages; `between` runs after each that has another behind it.
  fileprivate func exported(
    _ selection: ExportSelection, between: () async throws -> Void = {}
  ) async throws -> [ExportedExchange] {
    var page = try await exportPage(selection, from: nil)
    var exchanges = page.exchanges
    while let place = page.next {
      try await between()
      page = try await exportPage(selection, from: place)
      exchanges += page.exchanges
    }
    return exchanges
  }

  /// So many exchanges; their ids.
  fileprivate func record(_ count: Int, createdAt: Int64? = nil) async throws -> Set<UUIDv7> {
    let exchanges: [NewExchange] = (0..<count).map { number in
      var exchange = NewExchange.sample(conversation: "c-\(number % 10)")
      exchange.createdAt = createdAt
      return exchange
    }
    return Set(try await append(exchanges, account: "a").map { try $0.get().exchangeID })
  }
}

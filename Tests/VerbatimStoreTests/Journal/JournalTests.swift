import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// The journal's file by itself.
@Suite struct JournalTests {
  private let folder: TemporaryFolder
  private let calendar: PartitionCalendar
  private let ids = UUIDv7.Generator()

  init() throws {
    folder = try TemporaryFolder()
    calendar = try #require(PartitionCalendar(timeZoneName: "UTC"))
  }

  private func pending(_ exchange: NewExchange) -> PendingExchange {
    PendingExchange(exchange, accountID: "a", ids: ids, calendar: calendar, currency: "USD", now: 0)
  }

  private func withJournal<Result>(
    maximumBytes: Int = 1 << 20, _ body: (Journal) async throws -> Result
  ) async throws -> Result {
    let configuration = JournalConfiguration(path: folder.path("journal.db"), maximumBytes: maximumBytes)
    let journal: Journal = try await Journal.open(configuration, log: .silent)
    do {
      let result: Result = try await body(journal)
      await journal.close()
      return result
    } catch {
      await journal.close()
      throw error
    }
  }

  @Test func `what was entered is there after opening it again, in its order`() async throws {
    let exchanges: [PendingExchange] = (0..<5).map { pending(.sample(query: "\($0)")) }
    try await withJournal { journal in
      for exchange in exchanges {
        let receipt: Store.Receipt = try await journal.append([exchange])[0].get()
        #expect(
          receipt
            == Store.Receipt(
              conversationID: exchange.conversationID, exchangeID: exchange.id, isDuplicate: false, isJournaled: true))
      }
    }
    try await withJournal { journal in
      #expect(journal.statistics.waiting == 5)
      let entries: [JournalEntry] = try await journal.waiting()
      let read: [PendingExchange] = try entries.map { try PendingExchange(journalEntry: $0.bytes, calendar: calendar) }
      #expect(read.map(\.id) == exchanges.map(\.id))
      try await journal.remove(Array(entries.prefix(4)))
      #expect(try await journal.waiting().map(\.number) == [entries[4].number])
      try await journal.remove([entries[4]])
      #expect(journal.statistics == JournalContents())
    }
  }

  @Test func `a repeat of what waits is answered with the first's receipt`() async throws {
    try await withJournal { journal in
      let first: PendingExchange = pending(.sample(conversation: "c", key: "k"))
      let second: PendingExchange = pending(.sample(conversation: "c", key: "k"))
      let receipts: [Store.Receipt] = try await journal.append([first, second]).map { try $0.get() }
      #expect(receipts.map(\.exchangeID) == [first.id, first.id])
      #expect(receipts.map(\.isDuplicate) == [false, true])
      #expect(journal.statistics.waiting == 1)
      try await journal.remove(try await journal.waiting())
      #expect(try await journal.append([second])[0].get().exchangeID == second.id)
    }
  }

  @Test func `a full journal refuses and takes again when there is room`() async throws {
    let large: String = String(repeating: "x", count: 30_000)
    try await withJournal(maximumBytes: 64 << 10) { journal in
      for _ in 0..<2 { _ = try await journal.append([pending(.sample(query: large))])[0].get() }
      guard case .failure(.unavailable(let reason, _)) = await journal.append([pending(.sample(query: large))])[0]
      else {
        Issue.record("a full journal took one more")
        return
      }
      #expect(reason.contains("JOURNAL_MAX_MB"))
      try await journal.remove(try await journal.waiting())
      _ = try await journal.append([pending(.sample(query: large))])[0].get()
    }
  }

  @Test func `what was set aside waits again after the next start`() async throws {
    try await withJournal { journal in
      for name in ["a", "b"] { _ = try await journal.append([pending(.sample(query: name))])[0].get() }
      let entries: [JournalEntry] = try await journal.waiting()
      try await journal.setAside(entries[0], reason: "no reason")
      #expect(try await journal.waiting().map(\.number) == [entries[1].number])
      #expect(journal.statistics.setAside == 1)
    }
    try await withJournal { journal in #expect(journal.statistics.waiting == 2) }
  }

  @Test func `a second one on the same file is refused`() async throws {
    try await withJournal { _ in
      let configuration = JournalConfiguration(path: folder.path("journal.db"), maximumBytes: 1)
      await #expect(throws: DatabaseHolder.self) { try await Journal.open(configuration, log: .silent) }
    }
  }
}

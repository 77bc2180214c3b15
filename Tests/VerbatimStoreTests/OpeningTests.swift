import Databases
import Foundation
import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct OpeningTests {
  let fixture: StoreFixture

  init() throws { fixture = try StoreFixture() }

  private func refusal(_ change: (inout Store.Configuration) -> Void = { _ in }) async throws -> String? {
    do {
      try await fixture.withStore(change) { _ in }
      return nil
    } catch StoreError.unusable(let reason) {
      return reason
    }
  }

  @Test func `another partition time zone is refused`() async throws {
    try await fixture.withStore({ $0.partitionTimeZone = "Asia/Shanghai" }) { _ in }
    let reason = try #require(await refusal())
    #expect(reason.contains("Asia/Shanghai"))
    #expect(try await refusal { $0.partitionTimeZone = "Asia/Shanghai" } == nil)
  }

  @Test func `whoever only reads takes the stored time zone`() async throws {
    try await fixture.withStore({ $0.partitionTimeZone = "Asia/Shanghai" }) { store in
      var exchange = NewExchange.sample(conversation: "c")
      // 2025-01-15 in Shanghai, the day before in UTC.
      exchange.createdAt = 1_736_874_000_000
      _ = try await store.append(exchange, account: "a")
    }
    try await fixture.withStore({ $0.isReadOnly = true }) { reader in
      let findings = try await fixture.verify(reader)
      #expect(findings == [])
    }
  }

  @Test func `a time zone that is none is refused`() async throws {
    let reason = try #require(await refusal { $0.partitionTimeZone = "Mars/Olympus" })
    #expect(reason.contains("PARTITION_TIMEZONE"))
  }

  @Test func `a newer schema is refused`() async throws {
    try await fixture.withStore { store in
      try await store.database.writer.run { connection in
        try connection.executeScript("INSERT INTO verbatim_schema_versions VALUES (99, 'from the future', 0)")
      }
    }
    let reason = try #require(await refusal())
    #expect(reason.contains("99"))
  }

  @Test func `a file that is no database is refused`() async throws {
    try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: fixture.path))
    let reason = try #require(await refusal())
    #expect(reason.contains(fixture.path))
  }

  @Test func `reading alone creates nothing`() async throws {
    #expect(try await refusal { $0.isReadOnly = true } != nil)
    #expect(!FileManager.default.fileExists(atPath: fixture.path))
  }

  @Test func `a store opened for reading sees what a writer commits`() async throws {
    try await fixture.withStore { writer in
      try await fixture.withStore({ $0.isReadOnly = true }) { reader in
        _ = try await writer.append(.sample(conversation: "c"), account: "a")
        #expect(try await reader.conversation("c", account: "a")?.dialogueCount == 1)
        #expect(try await fixture.verify(reader) == [])
      }
    }
  }

  @Test func `a backup taken while writing goes on is whole`() async throws {
    let copy: String = fixture.folder.appendingPathComponent("backup.db").path
    try await fixture.withStore { store in
      _ = try await store.append(.sample(conversation: "before"), account: "a")
      let writing = Task {
        while !Task.isCancelled { _ = try await store.append(.sample(conversation: "during"), account: "a") }
      }
      try await store.backup(to: copy) { _, _ in }
      writing.cancel()
      _ = await writing.result
    }
    let restored: Store = try await Store.open(Store.Configuration(path: copy))
    #expect(try await restored.integrityCheck() == [])
    #expect(try await fixture.verify(restored) == [])
    #expect(try await restored.conversation("before", account: "a")?.dialogueCount == 1)
    await restored.close()
  }

  @Test func `a full disk is told, loses nothing, and is over when there is room`() async throws {
    try await fixture.withStore({ $0.writeCheckDelay = .zero }) { store in
      let pages: Int64 = try await store.database.writer.run { connection in
        let count: Int64 = try connection.first("PRAGMA page_count") { $0.integer(0) } ?? 0
        try connection.executeScript("PRAGMA max_page_count = \(count + 40)")
        return count
      }
      var acknowledged: Int64 = 0
      var refused: StoreError?
      while refused == nil {
        do {
          _ = try await store.append(
            .sample(answer: String(repeating: "x", count: 10_000), conversation: "c"), account: "a")
          acknowledged += 1
        } catch let error as StoreError { refused = error }
      }
      guard case .unavailable(let reason, _) = refused else {
        Issue.record("refused as \(String(describing: refused))")
        return
      }
      #expect(reason.contains("room"))
      #expect(await store.unavailability() != nil || acknowledged > 0)
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == acknowledged)
      #expect(try await fixture.verify(store) == [])
      try await store.database.writer.run { connection in
        try connection.executeScript("PRAGMA max_page_count = \(pages + 10_000)")
      }
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      #expect(await store.unavailability() == nil)
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == acknowledged + 1)
    }
  }
}

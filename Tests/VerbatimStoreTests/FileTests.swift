import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// What concerns the file of an SQLite database.
@Suite struct FileTests {
  @Test func `a file that is no database is refused`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
      try Data(repeating: 0x41, count: 8192).write(to: URL(fileURLWithPath: fixture.path))
      let reason = try #require(await fixture.refusal())
      #expect(reason.contains(fixture.path))
    }
  }

  @Test func `reading alone creates nothing`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
      let reason = try await fixture.refusal { $0.isReadOnly = true }
      #expect(reason != nil)
      #expect(!FileManager.default.fileExists(atPath: fixture.path))
    }
  }

  @Test func `a backup taken while writing goes on is whole`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
      let copy: String = fixture.path + ".backup"
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
      let findings = try await restored.findings()
      #expect(findings == [])
      #expect(try await restored.conversation("before", account: "a")?.dialogueCount == 1)
      await restored.close()
    }
  }

  @Test func `a full disk is told, loses nothing, and is over when there is room`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
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
        let findings = try await store.findings()
        #expect(findings == [])
        try await store.database.writer.run { connection in
          try connection.executeScript("PRAGMA max_page_count = \(pages + 10_000)")
        }
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        #expect(await store.unavailability() == nil)
        #expect(try await store.conversation("c", account: "a")?.dialogueCount == acknowledged + 1)
      }
    }
  }
}

import Databases
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Copies that are cut off, and sources that go on.
@Suite struct CopyInterruptionTests {
  private static let exchanges = 1_500

  private static func fill(_ store: Store) async throws {
    let results = await store.append(
      (0..<exchanges).map { number in
        var exchange = NewExchange.sample(query: "q\(number)", conversation: "c-\(number % 50)", key: "k-\(number)")
        exchange.createdAt = 1_736_900_000_000 + Int64(number) * 100_000
        return exchange
      }, account: "a")
    for result in results { _ = try result.get() }
  }

  @Test(arguments: CopyTests.pairs.prefix(3))
  func `a copy that was cut off cannot be served, and goes on`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      try await fixture.source.withStore { try await Self.fill($0) }
      let copying = Mutex<Task<Void, any Error>?>(nil)
      let task = Task {
        _ = try await fixture.copy { progress in
          if progress.step == .copying { copying.withLock { $0?.cancel() } }
        }
      }
      copying.withLock { $0 = task }
      await #expect(throws: (any Error).self) { try await task.value }
      let refusal = try #require(await fixture.target.refusal())
      #expect(refusal.contains("not finished"))

      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        let findings = try await store.findings()
        #expect(findings == [])
        let count = try await store.database.read { connection in
          try connection.first("SELECT count(*) FROM conversation_histories") { $0.integer(0) }
        }
        #expect(count == Int64(2 * Self.exchanges))
      }
    }
  }

  @Test(arguments: CopyTests.pairs.prefix(3))
  func `a source that goes on is copied as it was at one moment`(
    source: TestEngine, target: TestEngine
  ) async throws {
    try await CopyFixture.with(source, target) { fixture in
      let writer = try await fixture.source.open()
      try await Self.fill(writer)
      let appending = Task {
        var number = 0
        while !Task.isCancelled {
          _ = try await writer.append(.sample(conversation: "c-\(number % 60)", key: "n-\(number)"), account: "a")
          number += 1
        }
        return number
      }
      _ = try await fixture.copy()
      appending.cancel()
      #expect(try await appending.value > 0)
      await writer.close()
      try await fixture.target.withStore { store in
        let findings = try await store.findings()
        #expect(findings == [])
      }

      _ = try await fixture.copy()
      let given = try await fixture.source.withStore { try await Self.counters($0) }
      let taken = try await fixture.target.withStore { try await Self.counters($0) }
      #expect(taken == given)
    }
  }

  private static func counters(_ store: Store) async throws -> [Int64] {
    try await store.database.read { connection in
      try connection.query("SELECT dialogue_count FROM conversations ORDER BY id") { $0.integer(0) }
    }
  }
}

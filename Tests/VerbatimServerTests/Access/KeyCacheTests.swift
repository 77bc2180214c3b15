import Synchronization
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Keys as several servers on one database know them.
@Suite struct KeyCacheTests {
  private static let shared: [TestEngine] = [.postgreSQL, .mariaDB]

  private func withTwo<Result>(
    _ engine: TestEngine, _ body: (MainStore, MainStore) async throws -> Result
  ) async throws -> Result {
    let place = try await engine.makeDatabase()
    let first = try await MainStore.open(MainStore.Configuration(place.engine))
    let second = try await MainStore.open(MainStore.Configuration(place.engine))
    do {
      let result = try await body(first, second)
      await first.close()
      await second.close()
      try await place.drop()
      return result
    } catch {
      await first.close()
      await second.close()
      throw error
    }
  }

  private func makeKey(_ main: MainStore) async throws -> (APIKey, KeySecret) {
    let secret = KeySecret()
    let key = try await main.createKey(
      NewAPIKey(
        account: "default", name: "x", prefix: secret.prefix, hash: secret.digest.bytes, scopes: .standard))
    return (key, secret)
  }

  @Test(arguments: shared)
  func `what another server changed is known after the next look`(_ engine: TestEngine) async throws {
    try await withTwo(engine) { first, second in
      let cache = KeyCache(second, grace: .seconds(300), log: .silent)
      let now = UnixClock.milliseconds()
      let secret = KeySecret()
      #expect(try await cache.holder(of: secret.digest) == nil)
      let made = try await first.createKey(
        NewAPIKey(
          account: "default", name: "x", prefix: secret.prefix, hash: secret.digest.bytes, scopes: .standard))
      #expect(try await cache.holder(of: secret.digest) == nil, "that there is none is remembered, too")
      await cache.look()
      #expect(try await cache.holder(of: secret.digest)?.isGood(at: now) == true)
      _ = try await first.revokeKey(made.id)
      #expect(try await cache.holder(of: secret.digest)?.isGood(at: now) == true, "remembered")
      await cache.look()
      #expect(try await cache.holder(of: secret.digest)?.isGood(at: now) == false)
    }
  }

  @Test(arguments: shared)
  func `a key that is known stays good for a while when the main database is away`(_ engine: TestEngine) async throws {
    try await withTwo(engine) { first, second in
      let time = Mutex(ContinuousClock.now)
      let cache = KeyCache(second, grace: .seconds(300), log: .silent, now: { time.withLock { $0 } })
      let (_, secret) = try await makeKey(first)
      await cache.look()
      #expect(try await cache.holder(of: secret.digest) != nil)
      await second.close()
      await cache.look()
      #expect(try await cache.holder(of: secret.digest) != nil)
      await #expect(throws: StoreError.self) { try await cache.holder(of: KeySecret().digest) }
      time.withLock { $0 = $0.advanced(by: .seconds(301)) }
      await #expect(throws: StoreError.self) { try await cache.holder(of: secret.digest) }
    }
  }

  @Test func `when a key was used is written with the next round`() async throws {
    try await TestAPI.with { api in
      let (key, _) = try await makeKey(api.main)
      let cache = KeyCache(api.main, grace: .zero, log: .silent)
      cache.noteUse(of: key.id)
      #expect(try await api.main.key(key.id)?.lastUsedAt == nil)
      await cache.writeUses()
      #expect(try await api.main.key(key.id)?.lastUsedAt != nil)
    }
  }

  @Test func `keys are long, differ, and begin with what is shown of them`() {
    let keys = (0..<100).map { _ in KeySecret() }
    #expect(Set(keys.map(\.text)).count == 100)
    for key in keys {
      #expect(key.text.utf8.count == 55 && KeySecret.isWellFormed(key.text))
      #expect(key.text.hasPrefix(key.prefix + "-") && key.prefix.utf8.count == 11)
      #expect(key.digest.isEqual(to: KeyDigest(of: key.text)) && key.digest.bytes.count == 32)
    }
  }
}

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

  @Test(arguments: shared)
  func `keys that are known stay so when the main database goes away right after a change`(_ engine: TestEngine)
    async throws
  {
    try await withTwo(engine) { first, second in
      let cache = KeyCache(second, grace: .seconds(300), log: .silent)
      let now = UnixClock.milliseconds()
      await cache.look()
      let (kept, keptSecret) = try await makeKey(first)
      let (revoked, revokedSecret) = try await makeKey(first)
      for secret in [keptSecret, revokedSecret] {
        #expect(try await cache.holder(of: secret.digest)?.isGood(at: now) == true)
      }
      _ = try await first.revokeKey(revoked.id)
      _ = try await first.changeKey(kept.id, KeyChange(name: "kept", perMinute: 7))
      await cache.look()
      await second.close()
      let holder = try await cache.holder(of: keptSecret.digest)
      #expect(holder?.isGood(at: now) == true)
      #expect(holder?.key.name == "kept" && holder?.key.rate == KeyRate(perMinute: 7))
      #expect(try await cache.holder(of: revokedSecret.digest)?.isGood(at: now) == false)
    }
  }

  @Test(arguments: shared)
  func `what this server changed is known without asking`(_ engine: TestEngine) async throws {
    try await withTwo(engine) { first, second in
      let cache = KeyCache(second, grace: .seconds(300), log: .silent)
      let now = UnixClock.milliseconds()
      await cache.look()
      let (_, keptSecret) = try await makeKey(first)
      let (revoked, revokedSecret) = try await makeKey(first)
      for secret in [keptSecret, revokedSecret] { _ = try await cache.holder(of: secret.digest) }
      let key = try #require(await second.revokeKey(revoked.id))
      let account = try #require(await second.changeAccount(named: "default", role: .admin))
      await second.close()
      cache.take(key)
      cache.take(account)
      #expect(try await cache.holder(of: revokedSecret.digest)?.isGood(at: now) == false)
      let kept = try await cache.holder(of: keptSecret.digest)
      #expect(kept?.isGood(at: now) == true && kept?.role == .admin)
    }
  }

  @Test func `the keys that are remembered are those that were used last`() async throws {
    try await TestAPI.with { api in
      let (_, secret) = try await makeKey(api.main)
      let made = try #require(await api.main.keyHolder(hash: secret.digest.bytes))
      func holder(_ name: String) -> KeyHolder {
        var holder = made
        holder.key.name = name
        return holder
      }
      func digest(_ number: Int) -> KeyDigest { KeyDigest(of: "\(number)") }
      var keys = KnownKeys(capacity: 100)
      for number in 0..<1000 {
        keys.insert(holder("\(number)"), for: digest(number))
        #expect(keys.use(digest(0))?.key.name == "0")
        #expect(keys.count <= 100)
      }
      #expect(keys.use(digest(1)) == nil)
      keys.replace(holder("changed"), for: digest(0))
      keys.replace(holder("changed"), for: digest(1))
      #expect(keys.use(digest(0))?.key.name == "changed")
      #expect(keys.use(digest(1)) == nil)
      keys.update { $0.accountStatus = .disabled }
      #expect(keys.use(digest(0))?.accountStatus == .disabled)
      #expect(keys.use(digest(999))?.accountStatus == .disabled)
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

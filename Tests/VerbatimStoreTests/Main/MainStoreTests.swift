import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct MainStoreTests {
  private func withMain<Result>(
    _ engine: TestEngine, _ body: (MainStore) async throws -> Result
  ) async throws -> Result {
    try await engine.withFixture { fixture in
      let main = try await MainStore.open(MainStore.Configuration(fixture.engine))
      do {
        let result = try await body(main)
        await main.close()
        return result
      } catch {
        await main.close()
        throw error
      }
    }
  }

  private func key(_ account: String, _ name: String, hash: UInt8, _ scopes: Scopes = .standard) -> NewAPIKey {
    NewAPIKey(
      account: account, name: name, prefix: "vb-\(name)", hash: Array(repeating: hash, count: 32), scopes: scopes)
  }

  @Test(arguments: TestEngine.allCases)
  func `accounts are made once and changed`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      #expect(try await main.account(named: Account.standard)?.role == .user)
      let made = try #require(await main.createAccount(named: "café", role: .admin))
      #expect(made.status == .active)
      #expect(try await main.createAccount(named: "café", role: .user) == nil)
      #expect(try await main.createAccount(named: "cafe\u{301}", role: .user) != nil)
      let before = try await main.accessRevision()
      let disabled = try #require(await main.changeAccount(named: "café", status: .disabled))
      #expect(disabled.role == .admin && disabled.status == .disabled)
      #expect(try await main.accessRevision() == before + 1)
      #expect(try await main.changeAccount(named: "nobody", role: .admin) == nil)
      let first = try await main.accounts(after: nil, limit: 2).map(\.name)
      let rest = try await main.accounts(after: first.last, limit: 2).map(\.name)
      #expect(first.map { Array($0.utf8) } == ["cafe\u{301}", "café"].map { Array($0.utf8) })
      #expect(rest == ["default"])
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a key is found by its hash until it is revoked`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      var new = key("default", "one", hash: 1, [.read, .actForUsers])
      new.app = "shop"
      new.user = "ana"
      new.expiresAt = main.clock() + 60_000
      let made = try await main.createKey(new)
      let holder = try #require(await main.keyHolder(hash: new.hash))
      #expect(holder.key == made && holder.hash == new.hash && holder.role == .user)
      #expect(holder.key.scopes.names == ["read", "act-for-users"])
      #expect(holder.isGood(at: main.clock()) && !holder.isGood(at: main.clock() + 60_000))
      #expect(try await main.keyHolder(hash: Array(repeating: 9, count: 32)) == nil)
      let revoked = try #require(await main.revokeKey(made.id))
      #expect(revoked.status(at: main.clock()) == .revoked)
      #expect(try await main.revokeKey(made.id)?.revokedAt == revoked.revokedAt)
      #expect(try await main.keyHolder(hash: new.hash)?.isGood(at: main.clock()) == false)
      #expect(try await main.hasGoodKey() == false)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a rotated key gives way at once or after the overlap`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      let first = try await main.createKey(key("default", "one", hash: 1))
      let hash: [UInt8] = Array(repeating: 2, count: 32)
      let (old, new) = try #require(await main.rotateKey(first.id, prefix: "vb-two", hash: hash, overlap: .seconds(60)))
      #expect(old.status(at: main.clock()) == .active && old.status(at: main.clock() + 60_001) == .expired)
      #expect(new.rotatedFrom == first.id && new.scopes == first.scopes && new.prefix == "vb-two")
      let (last, _) = try #require(
        await main.rotateKey(new.id, prefix: "vb-three", hash: Array(repeating: 3, count: 32), overlap: .zero))
      #expect(last.status(at: main.clock()) == .revoked)
      await #expect(throws: StoreError.self) {
        try await main.rotateKey(new.id, prefix: "x", hash: Array(repeating: 4, count: 32), overlap: .zero)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `keys are listed page by page, newest first`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      _ = try await main.createAccount(named: "a", role: .user)
      for number in 1...5 {
        _ = try await main.createKey(key(number < 3 ? "a" : "default", "\(number)", hash: UInt8(number)))
      }
      let page = try await main.keys(KeyFilter(), before: nil, limit: 2)
      let rest = try await main.keys(KeyFilter(), before: page.last?.id, limit: 10)
      #expect(page.map(\.name) + rest.map(\.name) == ["5", "4", "3", "2", "1"])
      #expect(try await main.keys(KeyFilter(account: "a"), before: nil, limit: 10).map(\.name) == ["2", "1"])
      let third = try #require(await main.keys(KeyFilter(prefix: "vb-3"), before: nil, limit: 10).first)
      _ = try await main.revokeKey(third.id)
      #expect(try await main.keys(KeyFilter(), before: nil, limit: 10).count == 4)
      #expect(try await main.keys(KeyFilter(includesDead: true), before: nil, limit: 10).count == 5)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a key needs an account, and the scope admin one that administers`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      await #expect(throws: StoreError.self) { try await main.createKey(key("nobody", "x", hash: 1)) }
      await #expect(throws: StoreError.self) { try await main.createKey(key("default", "x", hash: 1, .admin)) }
      _ = try await main.changeAccount(named: "default", role: .admin)
      let made = try await main.createKey(key("default", "x", hash: 1, .admin))
      #expect(made.scopes == .admin)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `when a key was used is written, and never set back`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      let made = try await main.createKey(key("default", "x", hash: 1))
      try await main.noteUse(of: [made.id: 2_000])
      try await main.noteUse(of: [made.id: 1_000])
      #expect(try await main.key(made.id)?.lastUsedAt == 2_000)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `both databases may be one, and stay when opened again`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      for round in 1...2 {
        try await fixture.withStore { history in
          let main = try await MainStore.open(MainStore.Configuration(fixture.engine), beside: history)
          #expect(try await main.createAccount(named: "a", role: .user) != nil || round == 2)
          _ = try await history.append(.sample(), account: "a")
          #expect(try await history.findings() == [])
          await main.close()
        }
      }
    }
  }

  @Test func `a database of our own schema that is newer is refused`() async throws {
    try await TestEngine.sqlite.withFixture { fixture in
      let main = try await MainStore.open(MainStore.Configuration(fixture.engine))
      try await main.database.writer.run { connection in
        try connection.executeScript("INSERT INTO verbatim_main_schema_versions VALUES (99, 'from the future', 0)")
      }
      await main.close()
      await #expect(throws: StoreError.self) { try await MainStore.open(MainStore.Configuration(fixture.engine)) }
    }
  }
}

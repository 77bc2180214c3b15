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
      try await withOpened(fixture, body)
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
      let before = try await main.accessChanges(since: nil).revision
      let disabled = try #require(await main.changeAccount(named: "café", status: .disabled))
      #expect(disabled.role == .admin && disabled.status == .disabled)
      #expect(try await main.accessChanges(since: nil).revision == before + 1)
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
  func `no account has a name that stands for all of them`(_ engine: TestEngine) async throws {
    try await withMain(engine) { main in
      for name in ["*", ""] {
        await #expect(throws: StoreError.self) { try await main.createAccount(named: name, role: .user) }
        let key = key(name, "x", hash: 1)
        await #expect(throws: StoreError.self) { try await main.createKeyWithAccount(key) }
        #expect(try await main.account(named: name) == nil)
      }
      let everybody = try #require(
        await main.addExport("", reach: Reach(account: nil), end: 0, estimate: 0))
      let named = try #require(await main.addExport("", reach: .account("*"), end: 0, estimate: 0))
      #expect(try await main.exports(within: .account("*"), before: nil, limit: 9).map(\.id) == [named.id])
      #expect(try await main.export(named.id, within: .account("*"))?.reach.account == "*")
      #expect(try await main.export(everybody.id, within: Reach(account: nil))?.reach.account == nil)
      #expect(try await main.export(everybody.id, within: .account("*")) == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what has changed is told one by one, or that it is not known`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      func changes(since seen: Int64?) async throws -> (revision: Int64, keys: [String]?, accounts: [String]) {
        let changes = try await main.accessChanges(since: seen)
        switch changes.extent {
        case .nothing: return (changes.revision, [], [])
        case .some(let keys, let accounts): return (changes.revision, keys.map(\.key.name), accounts.map(\.name))
        case .everything: return (changes.revision, nil, [])
        }
      }
      let start = try await changes(since: nil)
      #expect(start.keys == nil)
      let one = try await main.createKey(key("default", "one", hash: 1))
      let two = try await main.createKey(key("default", "two", hash: 2))
      _ = try await main.changeAccount(named: "default", role: .admin)
      _ = try await main.rotateKey(one.id, prefix: "vb-3", hash: Array(repeating: 3, count: 32), overlap: .zero)
      let all = try await changes(since: start.revision)
      #expect(all.keys?.sorted() == ["one", "one", "two"] && all.accounts == ["default"])
      #expect(try await changes(since: all.revision).keys == [])
      _ = try await main.revokeKey(two.id)
      let last = try await changes(since: all.revision)
      #expect(last.keys == ["two"] && last.accounts == [])
      // As an older program, which leaves nothing but the revision.
      try await main.database.writer.run { connection in
        try connection.executeScript("UPDATE verbatim_access_revision SET revision = revision + 1")
      }
      #expect(try await changes(since: last.revision).keys == nil)
      #expect(try await changes(since: last.revision + 100).keys == nil)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `many changes are forgotten one by one, and then all is`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      let one = try await main.createKey(key("default", "one", hash: 1))
      let start = try await main.accessChanges(since: nil).revision
      try await main.database.writer.run { connection in
        try connection.transaction { for _ in 0..<1005 { try connection.moveAccessRevision(key: one.id) } }
      }
      guard case .everything = try await main.accessChanges(since: start).extent else {
        Issue.record("not everything")
        return
      }
      let rows: Int64? = try await main.database.writer.run { connection in
        try connection.first("SELECT count(*) FROM verbatim_access_changes") { $0.integer(0) }
      }
      #expect(rows == 1000)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `keys of an older version get numbers, each its own`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let database = try await Database.open(Database.Configuration(fixture.engine))
      try await database.writer.run { connection in
        try connection.migrate(to: 3, by: .main, now: 0) { _ in }
        for number in 1...3 {
          try connection.execute(
            """
            INSERT INTO verbatim_keys (id, account_id, name, prefix, hash, scopes, created_at)
            VALUES (\(UUIDv7.lowest(at: Int64(number))), \("default"), \("k"), \("vb-x"),
              \([UInt8](repeating: UInt8(number), count: 32)), \("read"), \(Int64(0)))
            """)
        }
        try connection.initializeAccessRevision()
        try connection.executeScript("UPDATE verbatim_access_revision SET revision = 3")
      }
      await database.close()
      let main = try await MainStore.open(MainStore.Configuration(fixture.engine))
      let made = try await main.createKey(key("default", "new", hash: 9))
      let numbers = try await main.keys(KeyFilter(), before: nil, limit: 10).map(\.tokenID)
      #expect(numbers == [4, 3, 2, 1] && made.tokenID == 4)
      await main.close()
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the way back from limits of keys leads there again`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let made = try await withOpened(fixture) { try await $0.createKey(key("default", "one", hash: 1)) }
      let database = try await Database.open(Database.Configuration(fixture.engine))
      try await database.writer.run { connection in
        for step in [false, true] {
          // Cut off behind the step, where definitions are not rolled back.
          if step, try !connection.dialect().rollsBackDefinitions {
            for text in try connection.dialect().schema.withoutKeyLimits(connection.dialect()) {
              try connection.executeScript(text)
            }
          }
          try connection.migrate(to: 3, by: .main, now: 0) { _ in }
          try connection.migrate(to: MigrationChain.main.newest, by: .main, now: 0) { _ in }
        }
      }
      await database.close()
      let found = try await withOpened(fixture) { try await $0.keyHolder(hash: Array(repeating: 1, count: 32)) }
      #expect(found?.key.id == made.id && found?.key.tokenID == 1)
    }
  }

  private func withOpened<Result>(
    _ fixture: StoreFixture, _ body: (MainStore) async throws -> Result
  ) async throws -> Result {
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

  @Test(arguments: TestEngine.allCases)
  func `a key is rotated once, however many try at once`(engine: TestEngine) async throws {
    try await withMain(engine) { main in
      let one = try await main.createKey(key("default", "one", hash: 1))
      let winners = await withTaskGroup(of: Bool.self) { group in
        for number in 2...9 {
          group.addTask {
            let hash = [UInt8](repeating: UInt8(number), count: 32)
            return (try? await main.rotateKey(one.id, prefix: "vb-\(number)", hash: hash, overlap: .zero)) != nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(winners == 1)
      #expect(try await main.keys(KeyFilter(), before: nil, limit: 10).count == 1)
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

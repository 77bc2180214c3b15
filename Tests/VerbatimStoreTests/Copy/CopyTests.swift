import Databases
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

@Suite struct CopyTests {
  /// Each engine gives and takes, to itself and to another.
  static let pairs: [(TestEngine, TestEngine)] = [
    (.sqlite, .postgreSQL), (.postgreSQL, .mariaDB), (.mariaDB, .sqlite), (.sqlite, .mariaDBWithoutBulk),
    (.postgreSQL, .postgreSQL), (.sqlite, .sqlite),
  ]

  @Test(arguments: pairs)
  func `a history is the same on any two engines`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      let receipts = try await fixture.source.withStore { try await CopyFixture.fill($0) }
      let tables = try await fixture.copy()
      #expect(tables.first { $0.table == "conversation_histories" }?.days == 3)
      let given = try await fixture.source.withStore { try await CopyFixture.said(in: $0) }
      try await fixture.target.withStore { store in
        let taken = try await CopyFixture.said(in: store)
        #expect(taken == given)
        let findings = try await store.findings()
        #expect(findings == [])
        let repeated = try await store.append(.sample(conversation: "c-1", key: "key-1"), account: "a")
        #expect(repeated.isDuplicate)
        #expect(repeated.exchangeID == receipts[1].exchangeID)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a database is not copied onto itself under another name`(engine: TestEngine) async throws {
    try await engine.withFixture { fixture in
      let given = try await fixture.withStore { store in
        try await CopyFixture.fill(store)
        return try await CopyFixture.said(in: store)
      }
      let copy = CopyFixture(source: fixture, target: StoreFixture(engine: fixture.engine.underAnotherName))
      let error = await #expect(throws: StoreError.self) { try await copy.copy(replaces: true) }
      #expect("\(error, default: "nothing")".contains("the same database"))
      try await fixture.withStore { store in
        let left = try await CopyFixture.said(in: store)
        #expect(left == given)
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: pairs.prefix(3))
  func `a second run catches up`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      try await fixture.source.withStore { _ = try await CopyFixture.fill($0) }
      _ = try await fixture.copy()
      let given = try await fixture.source.withStore { store in
        _ = try await CopyFixture.fill(store, keys: "later")
        return try await CopyFixture.said(in: store)
      }
      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        let taken = try await CopyFixture.said(in: store)
        #expect(taken == given)
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: pairs.prefix(3))
  func `what differs in the target is found and mended`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      let given = try await fixture.source.withStore { store in
        _ = try await CopyFixture.fill(store)
        return try await CopyFixture.said(in: store)
      }
      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        try await store.database.writer.run { connection in
          try connection.execute("UPDATE conversation_histories SET content = 'altered' WHERE role = 'assistant'")
          try connection.execute("DELETE FROM verbatim_message_keys")
        }
      }
      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        let taken = try await CopyFixture.said(in: store)
        #expect(taken == given)
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test(arguments: pairs.prefix(3))
  func `a target with data of its own is left alone unless told`(source: TestEngine, target: TestEngine) async throws {
    try await CopyFixture.with(source, target) { fixture in
      try await fixture.source.withStore { _ = try await CopyFixture.fill($0) }
      try await fixture.target.withStore { _ = try await $0.append(.sample(conversation: "own"), account: "a") }
      let refusal = try #require(await fixture.refusal())
      #expect(refusal.contains("holds other data"))
      #expect(try await fixture.target.withStore { try await $0.conversation("own", account: "a") } != nil)

      _ = try await fixture.copy(replaces: true)
      #expect(try await fixture.target.withStore { try await $0.conversation("own", account: "a") } == nil)

      try await fixture.target.withStore { _ = try await $0.append(.sample(conversation: "own"), account: "a") }
      let again = try #require(await fixture.refusal())
      #expect(again.contains("since it was copied"))
      #expect(try await fixture.target.withStore { try await $0.conversation("own", account: "a") } != nil)
    }
  }

  @Test(arguments: pairs.prefix(3))
  func `tables of days are copied, and those that the source has no more go`(
    source: TestEngine, target: TestEngine
  ) async throws {
    try await CopyFixture.with(source, target) { fixture in
      try await fixture.source.withStore { _ = try await CopyFixture.fill($0, keys: "single") }
      let given = try await fixture.source.withStore({ $0.isDaily = true }) { store in
        _ = try await CopyFixture.fill(store, keys: "daily")
        return try await CopyFixture.said(in: store)
      }
      let tables = try await fixture.copy()
      #expect(tables.contains { $0.table == "conversation_histories_2025_01_15" && $0.contents.rows > 0 })
      try await fixture.target.withStore({ $0.isDaily = true }) { store in
        let taken = try await CopyFixture.said(in: store)
        #expect(taken == given)
        let findings = try await store.findings()
        #expect(findings == [])
      }

      try await fixture.source.withStore { store in
        try await store.database.writer.run {
          try $0.executeScript("DROP TABLE conversation_histories_2025_01_15")
        }
        _ = try await store.exchanges(of: "c-0", within: .account("a"), limit: 100)
      }
      _ = try await fixture.copy()
      try await fixture.target.withStore { store in
        let names = try await store.database.read { try $0.historyTables() }
        #expect(!names.contains("conversation_histories_2025_01_15"))
        let findings = try await store.findings()
        #expect(findings == [])
      }
    }
  }

  @Test func `a copy of another history is no target`() async throws {
    try await CopyFixture.with(.sqlite, .sqlite) { fixture in
      try await fixture.source.withStore({ $0.clock = { 1 } }) { _ in }
      _ = try await fixture.copy()
      try await CopyFixture.with(.sqlite, .sqlite) { other in
        try await other.source.withStore({ $0.clock = { 2 } }) { _ in }
        let mixed = CopyFixture(source: other.source, target: fixture.target)
        let refusal = try #require(await mixed.refusal())
        #expect(refusal.contains("another history"))
      }
    }
  }

  @Test func `a database is not copied onto itself`() async throws {
    try await CopyFixture.with(.sqlite, .sqlite) { fixture in
      try await fixture.source.withStore { _ = try await CopyFixture.fill($0) }
      let refusal = try #require(await CopyFixture(source: fixture.source, target: fixture.source).refusal())
      #expect(refusal.contains("same database"))
    }
  }
}

extension Engine {
  fileprivate var underAnotherName: Engine {
    switch self {
    case .sqlite(var file):
      guard let slash = file.path.lastIndex(of: "/") else { return self }
      file.path.insert(contentsOf: "./", at: file.path.index(after: slash))
      return .sqlite(file)
    case .postgres(var address):
      address.hosts = address.hosts.map { .init("localhost", port: $0.port) }
      return .postgres(address)
    case .mysql(var address):
      guard case .host(_, let port) = address.place else { return self }
      address.place = .host("localhost", port: port)
      return .mysql(address)
    }
  }
}

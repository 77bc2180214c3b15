import Databases
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// Reads from servers that follow another by the engine's own replication.
@Suite(.serialized) struct ReadReplicaTests {
  private final class Lines: Sendable {
    private let messages = Mutex<[String]>([])
    var log: Log { Log { _, message, _ in self.messages.withLock { $0.append(message) } } }
    func count(_ part: String) -> Int { messages.withLock { $0.filter { $0.contains(part) }.count } }
  }

  private static func withStore(
    _ servers: ReplicatedServer, _ change: (inout Store.Configuration) -> Void = { _ in },
    _ body: (Store) async throws -> Void
  ) async throws {
    try await StoreFixture(engine: servers.primary).withStore({ configuration in
      configuration.replica = servers.replica
      change(&configuration)
    }) { store in
      try await servers.catchUp()
      try await store.lookAtReplica()
      try await body(store)
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `a caller that has just written reads what was written`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers) { store in
        _ = try await store.append(.sample(conversation: "old"), account: "a")
        try await servers.catchUp()
        try await store.lookAtReplica()
        let found1 = try await store.conversation("old", account: "a")
        #expect(found1?.dialogueCount == 1)
        let before = try #require(store.replicaStatistics)
        #expect(before.reads == 1)

        try await servers.pause()
        let receipt = try await store.append(.sample(conversation: "old"), account: "a")
        let found2 = try await store.conversation("old", account: "a")
        #expect(found2?.dialogueCount == 2)
        let page = try #require(await store.exchanges(of: "old", account: "a", before: nil, limit: 1))
        #expect(page.exchanges.map(\.id) == [receipt.exchangeID])
        #expect(store.replicaStatistics?.behind == before.behind + 2)

        try await servers.resume()
        try await servers.catchUp()
        let found3 = try await store.conversation("old", account: "a")
        #expect(found3?.dialogueCount == 2)
        #expect(store.replicaStatistics?.reads == before.reads + 1)
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `what the journal has delivered is read by who wrote it`(kind: ReplicatedServer.Kind) async throws {
    let folder = try TemporaryFolder()
    let journal = JournalConfiguration(path: folder.path + "/journal.db", maximumBytes: 1 << 20)
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers, { $0.journal = journal }) { store in
        _ = try await store.append(.sample(conversation: "old"), account: "a")
        try await servers.catchUp()
        try await store.lookAtReplica()
        try await servers.pause()
        try await servers.killPrimary()
        let receipt = try await store.append(.sample(conversation: "old"), account: "a")
        #expect(receipt.isJournaled)
        try await servers.startPrimary()
        while let contents = store.journalContents, contents.waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
        let found9 = try await store.conversation("old", account: "a")
        #expect(found9?.dialogueCount == 2)
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `a conversation that was just changed or deleted is not read as it was`(
    kind: ReplicatedServer.Kind
  ) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers) { store in
        for id in ["renamed", "deleted", "purged"] {
          _ = try await store.append(.sample(conversation: id), account: "a")
        }
        try await servers.catchUp()
        try await store.lookAtReplica()
        try await servers.pause()
        var change = ConversationChange()
        change.name = "new"
        _ = try await store.change("renamed", change, within: .account("a"))
        #expect(try await store.delete("deleted", within: .account("a")))
        _ = try await store.purge("purged", within: .account("a"))
        #expect(try await store.conversation("renamed", account: "a")?.name == "new")
        for id in ["deleted", "purged"] {
          #expect(try await store.conversation(id, account: "a") == nil)
          #expect(try await store.messages(of: id, within: .account("a"), limit: 1) == nil)
        }
        try await servers.resume()
        try await servers.catchUp()
        let before = try #require(store.replicaStatistics)
        #expect(try await store.conversation("renamed", account: "a")?.name == "new")
        #expect(store.replicaStatistics?.reads == before.reads + 1)
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `a repeat does not show what was before a newer write`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers) { store in
        _ = try await store.append(.sample(conversation: "c", key: "k"), account: "a")
        try await servers.catchUp()
        try await store.lookAtReplica()
        try await servers.pause()
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        #expect(try await store.append(.sample(conversation: "c", key: "k"), account: "a").isDuplicate)
        let found = try await store.conversation("c", account: "a")
        #expect(found?.dialogueCount == 2)
        try await servers.resume()
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `an item that was removed does not come back`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers) { store in
        let receipt = try await store.append(.sample(conversation: "c"), account: "a")
        try await servers.catchUp()
        try await store.lookAtReplica()
        try await servers.pause()
        let removed = try await store.removeItem(at: 0, of: receipt.exchangeID, in: "c", within: .account("a"))
        #expect(removed?.id == "c")
        let items = try #require(await store.itemRows(of: "c", within: .account("a"), from: .oldest, limit: 9))
        #expect(items.rows.map(\.removed) == [[], [0]])
        try await servers.resume()
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `a replica that lags is not read since what it lacks was deleted`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers, { $0.replicaMaximumLag = .zero }) { store in
        try await servers.pause()
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        try await store.lookAtReplica()
        try await store.lookAtReplica()
        #expect(store.replicaStatistics?.condition == "lagging")
        _ = try await store.purge("c", within: .account("a"))
        for _ in 0..<3 { try await store.lookAtReplica() }
        #expect(store.replicaStatistics?.condition == "lagging")

        try await servers.resume()
        _ = try await store.append(.sample(conversation: "d"), account: "a")
        try await servers.catchUp()
        try await store.lookAtReplica()
        #expect(store.replicaStatistics?.condition == "ready")
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `what the replica does not know is asked of its primary`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      try await Self.withStore(servers) { store in
        try await servers.pause()
        try await StoreFixture(engine: servers.primary).withStore { other in
          _ = try await other.append(.sample(conversation: "elsewhere"), account: "a")
        }
        let found4 = try await store.conversation("elsewhere", account: "a")
        #expect(found4 != nil)
        let found5 = try await store.conversation("nowhere", account: "a")
        #expect(found5 == nil)
        try await servers.resume()
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `a replica that lags too far is not read`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      let lines = Lines()
      try await Self.withStore(
        servers,
        {
          $0.replicaMaximumLag = .zero; $0.log = lines.log
        }
      ) { store in
        try await servers.pause()
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        try await store.lookAtReplica()
        try await store.lookAtReplica()
        #expect(store.replicaStatistics?.condition == "lagging")
        let missed = try #require(store.replicaStatistics?.missed)
        _ = try await store.conversation("other", account: "a")
        #expect(store.replicaStatistics?.missed == missed + 1)
        #expect(lines.count("lags behind") == 1)

        try await servers.resume()
        try await servers.catchUp()
        try await store.lookAtReplica()
        #expect(store.replicaStatistics?.condition == "ready")
      }
    }
  }

  @Test(arguments: ReplicatedServer.Kind.allCases)
  func `reads go on while the replica is away`(kind: ReplicatedServer.Kind) async throws {
    try await ReplicatedServer.with(kind) { servers in
      let lines = Lines()
      try await Self.withStore(servers, { $0.log = lines.log }) { store in
        _ = try await store.append(.sample(conversation: "c"), account: "a")
        try await servers.catchUp()
        // It may have lacked the schema when the store was opened.
        let before = lines.count("cannot be read")
        try await servers.killReplica()
        for _ in 0..<3 {
          let found = try await store.conversation("c", account: "a")
          #expect(found != nil)
        }
        try await store.lookAtReplica()
        #expect(store.replicaStatistics?.condition == "away")
        #expect(lines.count("cannot be read") == before + 1)
        // A store that starts meanwhile serves, too.
        try await StoreFixture(engine: servers.primary).withStore({ $0.replica = servers.replica }) { other in
          let found6 = try await other.conversation("c", account: "a")
          #expect(found6 != nil)
        }

        try await servers.startReplica()
        try await servers.catchUp()
        try await store.waitForReplica()
        let reads = try #require(store.replicaStatistics?.reads)
        let found7 = try await store.conversation("c", account: "a")
        #expect(found7 != nil)
        #expect(store.replicaStatistics?.reads == reads + 1)
      }
    }
  }

  @Test func `a database with another history is no replica`() async throws {
    try await TestEngine.sqlite.withFixture { other in
      try await other.withStore({ $0.clock = { 1 } }) { _ in }
      try await TestEngine.sqlite.withFixture { fixture in
        try await fixture.withStore({ $0.replica = other.engine }) { store in
          try await store.lookAtReplica()
          #expect(store.replicaStatistics?.condition == "away")
          _ = try await store.append(.sample(conversation: "c"), account: "a")
          let found8 = try await store.conversation("c", account: "a")
          #expect(found8 != nil)
        }
      }
    }
  }
}

extension Store {
  fileprivate func lookAtReplica() async throws { await (try #require(replica)).look() }

  /// A connection that was lost is made anew after a pause.
  fileprivate func waitForReplica() async throws {
    while replicaStatistics?.condition != "ready" {
      try await lookAtReplica()
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

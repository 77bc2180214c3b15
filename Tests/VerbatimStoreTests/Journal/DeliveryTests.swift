import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimStore

/// The journal beside a server that dies and comes back.
@Suite(.timeLimit(.minutes(2))) struct DeliveryTests {
  enum Server: String, CaseIterable, CustomStringConvertible {
    case postgreSQL = "on PostgreSQL"
    case mariaDB = "on MariaDB"

    var description: String { rawValue }

    /// Starts one of its own.
    fileprivate func start() async throws -> Outages {
      let folder = try TemporaryFolder()
      switch self {
      case .postgreSQL:
        let server: PostgreSQLServer = try await PostgreSQLServer.start()
        return Outages(
          folder: folder, engine: .postgres(server.address(database: "journaled")), kill: { try await server.kill() },
          start: { try await server.start() }, stop: { try await server.stop() })
      case .mariaDB:
        let server: MariaDBServer = try await MariaDBServer.start(MariaDBServer.Options())
        return Outages(
          folder: folder, engine: .mysql(server.address(database: "journaled")), kill: { try await server.kill() },
          start: { try await server.start() }, stop: { try await server.stop() })
      }
    }

    fileprivate func withOutages(_ body: (Outages) async throws -> Void) async throws {
      let outages: Outages = try await start()
      do {
        try await body(outages)
      } catch {
        try await outages.stop()
        throw error
      }
      try await outages.stop()
    }
  }

  @Test(arguments: Server.allCases)
  func `while the server is away exchanges are journaled, and delivered once when it is back`(_ server: Server)
    async throws
  {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        _ = try await store.append(.sample(query: "before", conversation: "c"), account: "a")
        try await outages.kill()
        var receipts: [Store.Receipt] = []
        for number in 0..<20 {
          receipts.append(try await store.append(.sample(query: "\(number)", conversation: "c"), account: "a"))
        }
        let group: [NewExchange] = (20..<40).map { .sample(query: "\($0)", conversation: "c") }
        receipts += try await store.append(group, account: "a").map { try $0.get() }
        #expect(!receipts.map(\.isJournaled).contains(false))
        #expect(store.journalContents?.waiting == 40)
        guard case .degraded = await store.readiness() else {
          Issue.record("not degraded")
          return
        }
        await #expect(throws: StoreError.self) { try await store.conversation("c", account: "a") }
        try await outages.start()
        try await store.delivered()
        let page = try #require(try await store.exchanges(of: "c", account: "a", before: nil, limit: 100))
        #expect(page.exchanges.map(\.id).suffix(40) == receipts.map(\.exchangeID)[...])
        #expect(page.exchanges.count == 41)
        #expect(try await store.conversation("c", account: "a")?.dialogueCount == 41)
        #expect(try await !store.append(.sample(conversation: "c"), account: "a").isJournaled)
        #expect(await store.readiness() == .ready)
        #expect(try await store.verify { _ in }.isEmpty)
      }
    }
  }

  @Test(arguments: Server.allCases)
  func `who repeats the key of somebody else that waits learns nothing of theirs`(_ server: Server) async throws {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        try await outages.kill()
        var theirs: NewExchange = .sample(conversation: "c", key: "k")
        theirs.idempotencyKey = "line"
        let receipt: Store.Receipt = try await store.append(theirs, account: "a")
        var mine: NewExchange = .sample(conversation: "c", key: "k", user: "mallory")
        mine.ownership = .user
        await #expect {
          try await store.append(mine, account: "a")
        } throws: { error in
          if case StoreError.outOfReach = error { true } else { false }
        }
        (mine.conversationID, mine.clientMessageID, mine.idempotencyKey) = ("mine", nil, "line")
        let group: [Result<Store.Receipt, StoreError>] = await store.append([mine, .sample(), mine], account: "a")
        #expect(group.map { (try? $0.get()) != nil } == [false, true, false])
        theirs.ownership = [.app, .user]
        #expect(try await store.append(theirs, account: "a").exchangeID == receipt.exchangeID)
        try await outages.start()
        try await store.delivered()
        #expect(store.journalContents?.setAside == 0)
      }
    }
  }

  @Test(arguments: Server.allCases)
  func `a key that was taken before leads the receipt to the first exchange`(_ server: Server) async throws {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        let first: Store.Receipt = try await store.append(.sample(key: "k"), account: "a")
        try await outages.kill()
        let second: Store.Receipt = try await store.append(.sample(key: "k"), account: "a")
        #expect(second.isJournaled)
        #expect(second.exchangeID != first.exchangeID)
        try await outages.start()
        try await store.delivered()
        #expect(try await store.conversation(second.conversationID, account: "a")?.id == first.conversationID)
        #expect(try await store.conversation(second.conversationID, account: "b") == nil)
        let third: Store.Receipt = try await store.append(
          .sample(query: "next", conversation: first.conversationID), account: "a")
        let page = try #require(
          try await store.exchanges(of: second.conversationID, account: "a", before: third.exchangeID, limit: 10))
        #expect(page.exchanges.map(\.id) == [first.exchangeID])
        let none = try await store.exchanges(
          of: second.conversationID, account: "a", before: second.exchangeID, limit: 10)
        #expect(none?.exchanges.isEmpty == true)
        #expect(try await store.verify { _ in }.isEmpty)
      }
    }
  }

  @Test func `a server that says nothing any more counts as away`() async throws {
    let outages: Outages = try await Outages.hangs()
    let receipts: [Store.Receipt] = try await outages.withStore { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      try await outages.kill()
      var receipts: [Store.Receipt] = []
      for number in 0..<3 {
        receipts.append(try await store.append(.sample(query: "\(number)", conversation: "c"), account: "a"))
      }
      try await outages.start()
      try await store.delivered()
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == 4)
      #expect(store.journalContents?.setAside == 0)
      #expect(try await store.verify { _ in }.isEmpty)
      return receipts
    }
    #expect(receipts.map(\.isJournaled) == [true, true, true])
    try await outages.stop()
  }

  @Test func `whoever asks or reads is not kept waiting by a server that says nothing`() async throws {
    let outages: Outages = try await Outages.hangs()
    try await outages.withStore { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      _ = try await store.conversation("c", account: "a")
      try await outages.kill()
      // Before anything was found to fail, and after.
      for _ in 0..<2 {
        guard case .degraded = await store.readiness() else {
          Issue.record("not degraded")
          break
        }
        for _ in 0..<3 {
          let error = await #expect(throws: StoreError.self) { try await store.conversation("c", account: "a") }
          guard case .unavailable? = error else {
            Issue.record("\(String(describing: error))")
            break
          }
        }
        #expect(try await store.append(.sample(conversation: "c"), account: "a").isJournaled)
      }
      try await outages.start()
      try await store.delivered()
      while await store.readiness() != .ready { try await Task.sleep(for: .milliseconds(20)) }
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == 3)
    }
    try await outages.stop()
  }

  @Test func `a store closes although the server says nothing, and what waits is delivered by the next`() async throws {
    let outages: Outages = try await Outages.hangs()
    try await outages.withStore { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      try await outages.kill()
      #expect(try await store.append(.sample(conversation: "c"), account: "a").isJournaled)
    }
    try await outages.start()
    try await outages.withStore { store in
      try await store.delivered()
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == 2)
      #expect(try await store.verify { _ in }.isEmpty)
    }
    try await outages.stop()
  }

  @Test func `nobody waits for a server that says nothing when the journal is full`() async throws {
    let outages: Outages = try await Outages.hangs()
    try await outages.withStore(journalBytes: 1) { store in
      _ = try await store.append(.sample(conversation: "c"), account: "a")
      try await outages.kill()
      for number in 0..<3 {
        let exchange: NewExchange = .sample(query: "\(number)", conversation: "c", key: "k\(number)")
        let error = await #expect(throws: StoreError.self) { try await store.append(exchange, account: "a") }
        guard case .unavailable? = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
      #expect(store.journalContents?.waiting == 0)
      try await outages.start()
      // The first may have been stored after all.
      for number in 0..<3 {
        let exchange: NewExchange = .sample(query: "\(number)", conversation: "c", key: "k\(number)")
        let receipt: Store.Receipt = try await store.appendWhenTaken(exchange)
        #expect(!receipt.isJournaled)
      }
      #expect(try await store.conversation("c", account: "a")?.dialogueCount == 4)
      #expect(try await store.verify { _ in }.isEmpty)
    }
    try await outages.stop()
  }

  @Test(arguments: Server.allCases)
  func `a conversation that waits to be delivered is unavailable, not unknown`(_ server: Server) async throws {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        try await outages.kill()
        let receipt: Store.Receipt = try await store.append(.sample(), account: "a")
        #expect(receipt.isJournaled)
        try await outages.start()
        var conversation: Conversation?
        while conversation == nil {
          do {
            conversation = try await store.conversation(receipt.conversationID, account: "a")
            _ = try #require(conversation, "it is unknown although it was acknowledged")
          } catch StoreError.unavailable {
            // Until the history is back, and then until it was delivered.
            try await Task.sleep(for: .milliseconds(5))
          }
        }
        #expect(conversation?.dialogueCount == 1)
        try await store.delivered()
        #expect(try await store.conversation("nobody's", account: "a") == nil)
      }
    }
  }

  @Test(arguments: Server.allCases)
  func `what one process left the next delivers`(_ server: Server) async throws {
    try await server.withOutages { outages in
      let receipt: Store.Receipt = try await outages.withStore { store in
        try await outages.kill()
        return try await store.append(.sample(key: "k"), account: "a")
      }
      try await outages.start()
      try await outages.withStore { store in
        try await store.delivered()
        let repeated: Store.Receipt = try await store.append(.sample(key: "k"), account: "a")
        #expect(repeated.exchangeID == receipt.exchangeID)
        #expect(repeated.isDuplicate)
      }
    }
  }

  @Test(arguments: Server.allCases)
  func `an entry that was delivered already is not stored again`(_ server: Server) async throws {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        try await outages.kill()
        for key in [nil, "k"] { _ = try await store.append(.sample(conversation: "c", key: key), account: "a") }
      }
      // As a crash between the commit and the journal's would leave it.
      let copy: String = outages.folder.path("copy.db")
      try FileManager.default.copyItem(atPath: outages.journalPath, toPath: copy)
      try await outages.start()
      try await outages.withStore { store in try await store.delivered() }
      try FileManager.default.removeItem(atPath: outages.journalPath)
      try FileManager.default.moveItem(atPath: copy, toPath: outages.journalPath)
      try await outages.withStore { store in
        try await store.delivered()
        #expect(try await store.conversation("c", account: "a")?.dialogueCount == 2)
        #expect(try await store.verify { _ in }.isEmpty)
      }
    }
  }

  @Test(arguments: Server.allCases)
  func `what cannot be stored is set aside and blocks nobody`(_ server: Server) async throws {
    try await server.withOutages { outages in
      try await outages.withStore { store in
        try await outages.kill()
        // The one takes no NUL, the other no user of more than 64 characters.
        for (conversation, user) in [("a", "u"), ("bad", "\0" + String(repeating: "x", count: 65)), ("c", "u")] {
          _ = try await store.append(.sample(conversation: conversation, user: user), account: "a")
        }
        try await outages.start()
        try await store.delivered()
        #expect(store.journalContents?.setAside == 1)
        #expect(try await store.conversation("a", account: "a") != nil)
        #expect(try await store.conversation("bad", account: "a") == nil)
        #expect(try await store.conversation("c", account: "a") != nil)
      }
    }
  }
}

extension Store {
  /// Appends as soon as the server says something again.
  fileprivate func appendWhenTaken(_ exchange: NewExchange) async throws -> Receipt {
    while true {
      do {
        return try await append(exchange, account: "a")
      } catch StoreError.unavailable {
        try await Task.sleep(for: .milliseconds(5))
      }
    }
  }

  /// Returns when nothing waits in the journal. There is no event to wait for; the suite's time limit ends it.
  fileprivate func delivered() async throws {
    while let contents = journalContents, contents.waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
  }
}

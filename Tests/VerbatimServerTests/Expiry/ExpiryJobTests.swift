import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ExpiryJobTests {
  private static let hour: Int64 = 3_600_000

  private func session(_ id: String) -> NewExchange {
    var exchange = NewExchange(
      appID: "app", userID: "user", conversationID: id, clientMessageID: nil, modelProvider: "p", modelName: "m",
      messages: [Message(role: "user", content: Bytes(utf8: "?"), contentKind: .text)],
      choices: [Message(role: "assistant", content: Bytes(utf8: "!"), contentKind: .text)])
    exchange.source = IdleRule.sessionSource
    return exchange
  }

  @Test func `what expires is counted in the audit trail`() async throws {
    try await TestAPI.with { api in
      for id in ["c", "d"] { _ = try await api.store.append(session(id), account: "a") }
      _ = try await api.store.append(session("c"), account: "b")
      let later = UnixClock.milliseconds() + 25 * Self.hour
      let job = ExpiryJob(ExpirySettings(), on: api.store, trail: api.trail, log: .silent) { later }
      #expect(try await job.runOnce() == 3)
      #expect(try await job.runOnce() == 0)
      let rows = try await api.main.auditTrail(AuditQuery(), limit: 10)
      #expect(
        Set(rows.map { "\($0.action) \($0.actor) \($0.account) \($0.count)" }) == [
          "conversation.expire system a 2", "conversation.expire system b 1",
        ])
      #expect(rows.first?.detail == #"{"action":"archive"}"#)
      #expect(try await api.store.conversation("c", within: .account("b"))?.status == .archived)
    }
  }

  @Test func `what is purged is counted, and recorded history is archived all the same`() async throws {
    try await TestAPI.with { api in
      for id in ["c", "c", "d"] { _ = try await api.store.append(session(id), account: "a") }
      var recorded = session("recorded")
      recorded.source = "api"
      _ = try await api.store.append(recorded, account: "a")
      let later = UnixClock.milliseconds() + 25 * Self.hour
      var settings = ExpirySettings()
      settings.sessionAction = .purge
      settings.historyHours = 24
      let job = ExpiryJob(settings, on: api.store, trail: api.trail, log: .silent) { later }
      #expect(try await job.runOnce() == 3)
      #expect(try await job.runOnce() == 0)
      let rows = try await api.main.auditTrail(AuditQuery(), limit: 10)
      #expect(
        rows.map { "\($0.action) \($0.actor) \($0.account) \($0.count) \($0.detail ?? "")" } == [
          #"conversation.purge system a 2 {"purged_exchanges":"3","purged_errors":"0"}"#,
          #"conversation.expire system a 2 {"action":"purge"}"#,
          #"conversation.expire system a 1 {"action":"archive"}"#,
        ])
      #expect(try await api.store.conversation("c", within: .account("a")) == nil)
      #expect(try await api.store.conversation("recorded", within: .account("a"))?.status == .archived)
    }
  }

  @Test func `sessions that never expire are left alone`() async throws {
    try await TestAPI.with { api in
      _ = try await api.store.append(session("c"), account: "a")
      var settings = ExpirySettings()
      settings.sessionHours = nil
      let job = ExpiryJob(settings, on: api.store, trail: api.trail, log: .silent) { UnixClock.milliseconds() * 2 }
      #expect(try await job.runOnce() == 0)
    }
  }

  @Test(arguments: [TestEngine.postgreSQL, .mariaDB])
  func `one replica at a time does it`(engine: TestEngine) async throws {
    let place = try await engine.makeDatabase()
    let configuration = Store.Configuration(place.engine)
    let main = MainStore.Configuration(place.engine)
    let replicas = [try await OpenStores.open(configuration, main), try await OpenStores.open(configuration, main)]
    for id in 0..<10 { _ = try await replicas[0].history.append(session("c\(id)"), account: "a") }
    let later = UnixClock.milliseconds() + 25 * Self.hour
    let jobs = replicas.map { stores in
      ExpiryJob(
        ExpirySettings(), on: stores.history, trail: AuditTrail(in: stores.main, log: .silent), log: .silent
      ) { later }
    }
    let rounds = try await withThrowingTaskGroup(of: Int?.self) { group in
      for job in jobs { group.addTask { try await job.runOnce() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(rounds.compactMap(\.self) == [10])
    let rows = try await replicas[0].main.auditTrail(AuditQuery(), limit: 10)
    #expect(rows.map(\.count) == [10])
    for stores in replicas { await stores.close() }
    try await place.drop()
  }
}

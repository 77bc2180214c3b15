import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// What callers with keys meet while one of the two databases is away.
@Suite(.timeLimit(.minutes(3))) struct OutageTests {
  private static let engines: [TestEngine] = [.postgreSQL, .mariaDB]
  private static let path = "/api/v1/conversations/c"

  /// What changes a conversation, an account or a key.
  private static let changes: [(method: String, path: String, body: String)] = [
    ("PATCH", path, #"{"name":"changed","tags":["t"],"metadata":{"a":1}}"#),
    ("PUT", path + "/settings", #"{"temperature":1}"#), ("DELETE", path, ""), ("POST", path + "/restore", "{}"),
    ("POST", path + "/purge", "{}"), ("DELETE", path + "?purge=true", ""),
  ]
  private static let administration: [(method: String, path: String, body: String)] = [
    ("POST", "/api/admin/keys", #"{"name":"made meanwhile","account_id":"new","make_account":true}"#),
    ("POST", "/api/admin/accounts", #"{"name":"new"}"#),
    ("PATCH", "/api/admin/accounts/default", #"{"status":"disabled"}"#),
  ]

  private func refuses(
    _ api: TestAPI, _ change: (method: String, path: String, body: String), _ key: HTTPFields
  ) async throws {
    var fields = key
    fields["Content-Type"] = "application/json"
    let answer = try await api.request(change.method, change.path, fields: fields, body: Array(change.body.utf8))
    #expect(answer.status == 503, "\(change.method) \(change.path): \(answer.text)")
    #expect(answer.fields["Retry-After"] != nil && answer.string("error") == "unavailable")
  }

  /// What is there of the conversation, its settings and files.
  private func state(_ api: TestAPI, _ key: HTTPFields) async throws -> [String] {
    var texts: [String] = []
    for part in ["", "/settings", "/files"] { texts.append(try await api.get(Self.path + part, fields: key).text) }
    return texts
  }

  @Test(arguments: engines)
  func `while the history is away keys record into the journal, and what is delivered is theirs`(_ engine: TestEngine)
    async throws
  {
    let folder = try TemporaryFolder()
    try await OwnServer.with(engine) { server in
      var history = Store.Configuration(server.engine("history"))
      history.journal = JournalConfiguration(path: folder.path("journal.db"), maximumBytes: 1 << 20)
      let main = MainStore.Configuration(Store.Configuration(path: folder.path("main.db")).engine)
      try await TestAPI.with(configuration: .withKeys, history: history, main: main, in: folder) { api in
        let owner: HTTPFields = .key(try await api.makeKey(account: "shop"))
        let limited: HTTPFields = .key(try await api.makeKey(account: "shop", app: "till", user: "ana"))
        let other: HTTPFields = .key(try await api.makeKey(account: "other"))
        let named = #""query":"q","answer":"a","conversation_id""#
        func insert(_ body: String, _ key: HTTPFields) async throws -> TestAPI.Answer {
          try await api.post("/api/chat/insert", body, fields: key)
        }
        #expect(try await insert(#"{"app_id":"app","user_id":"bob",\#(named):"c"}"#, owner).status == 200)
        let before = try await state(api, owner)
        try await server.kill()
        for (body, key) in [
          (#"{\#(named):"till"}"#, limited), (#"{"app_id":"app","user_id":"bob",\#(named):"till"}"#, other),
          // Not theirs, which only the history knows.
          (#"{\#(named):"c"}"#, limited),
        ] {
          let answer = try await insert(body, key)
          #expect(answer.status == 200, "\(answer.text)")
          #expect(answer.fields["X-Verbatim-Durability"] == "journal")
        }
        let foreign = try await insert(#"{"app_id":"app",\#(named):"till"}"#, limited)
        #expect(foreign.status == 403)
        let batch = try await api.post("/api/chat/insert/batch", #"[{\#(named):"till"}]"#, fields: limited)
        #expect(batch.integer("inserted") == 1)
        for change in Self.changes { try await refuses(api, change, owner) }
        try await server.start()
        try await api.store.delivered()
        let delivered = try await api.get("/api/chat/till/messages", fields: limited)
        #expect(delivered.data.count == 2)
        for exchange in delivered.data {
          #expect(exchange.string("app_id") == "till" && exchange.string("user_id") == "ana", "\(exchange.text)")
          #expect(exchange.string("token_name") == "test" && exchange.string("ip") == "127.0.0.1", "\(exchange.text)")
        }
        let theirs = try await api.get("/api/chat/till/messages", fields: other).data
        #expect(theirs.map { $0.string("user_id") } == ["bob"])
        #expect(theirs.first?["token_id"]?.integer != delivered.data.first?["token_id"]?.integer)
        #expect(try await state(api, owner) == before)
        #expect(api.store.journalContents?.setAside == 1)
        #expect(try await api.store.verify { _ in } == [])
      }
    }
  }

  @Test(arguments: engines)
  func `while the main database is away nothing is changed by halves, and known keys go on`(_ engine: TestEngine)
    async throws
  {
    let folder = try TemporaryFolder()
    try await OwnServer.with(engine) { server in
      let history = Store.Configuration(path: folder.path("history.db"))
      let main = MainStore.Configuration(server.engine("main"))
      try await TestAPI.with(configuration: .withKeys, history: history, main: main, in: folder) { api in
        await api.keys.look()
        let key: HTTPFields = .key(try await api.makeKey())
        let admin: HTTPFields = .key(try await api.makeAdminKey())
        let stranger: HTTPFields = .key(try await api.makeKey())
        let body = Bodies.exchange("q", answer: "a", #""conversation_id":"c""#)
        #expect(try await api.post("/api/chat/insert", body, fields: key).status == 200)
        #expect(try await api.get("/api/admin/keys", fields: admin).status == 200)
        let before = try await state(api, key)
        // A change just before, as it is learnt of everywhere.
        _ = try await api.makeKey()
        await api.keys.look()
        try await server.kill()
        await api.keys.look()
        #expect(try await api.post("/api/chat/insert", body, fields: key).status == 200)
        #expect(try await api.get("/api/chat/c", fields: key).integer("dialogue_count") == 2)
        #expect(try await api.get("/api/chat/c", fields: stranger).status == 503)
        #expect(try await api.get("/api/chat/c", fields: .key(KeySecret().text)).status == 503)
        #expect(try await api.get("/api/chat/c", fields: .key("vb-nonsense")).status == 401)
        for change in Self.changes { try await refuses(api, change, key) }
        for change in Self.administration { try await refuses(api, change, admin) }
        try await server.start()
        #expect(try await api.main.account(named: "new") == nil)
        #expect(try await api.main.account(named: "default")?.status == .active)
        #expect(try await api.main.keys(KeyFilter(), before: nil, limit: 10).count == 4)
        #expect(try await api.get("/api/chat/c", fields: stranger).status == 200)
        let after = try await state(api, key)
        #expect(after.dropFirst() == before.dropFirst())
        #expect(!after[0].contains("changed"))
        #expect(try await api.request("DELETE", Self.path, fields: key).status == 200)
      }
    }
  }
}

extension Store {
  /// Returns when nothing waits in the journal. There is no event to wait for; the suite's time limit ends it.
  func delivered() async throws {
    while let contents = journalContents, contents.waiting > 0 { try await Task.sleep(for: .milliseconds(5)) }
  }
}

import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct AuthenticationTests {
  @Test(arguments: Transport.allCases)
  func `a key comes as a bearer or as x-api-key, and not as two`(_ transport: Transport) async throws {
    try await TestAPI.with(transport, configuration: .withKeys) { api in
      let key = try await api.makeKey()
      let other = try await api.makeKey()
      let statuses: [(HTTPFields, Int)] = [
        (["Authorization": "Bearer \(key)"], 404), (["authorization": "bearer   \(key)"], 404),
        (["x-api-key": key], 404), (["X-API-Key": key, "Authorization": "Bearer \(key)"], 404),
        (["x-api-key": key, "Authorization": "Bearer \(other)"], 400), (["Authorization": "Basic \(key)"], 401),
        (["Authorization": key], 401), (["x-api-key": String(key.dropLast())], 401), (["x-api-key": key + "x"], 401),
        (["x-api-key": ""], 401), (["x-api-key": "vb-"], 401),
      ]
      for (fields, status) in statuses {
        #expect(try await api.get("/api/chat/none", fields: fields).status == status, "\(fields.entries)")
      }
      let refused = try await api.get("/api/chat/none")
      #expect(refused.string("error") == "unauthorized")
      #expect(refused.fields["WWW-Authenticate"] == "Bearer")
    }
  }

  @Test func `without keys those of others are ignored, and our own are honoured or refused`() async throws {
    try await TestAPI.with { api in
      let reader = try await api.makeKey(.read, account: "other")
      #expect(try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key("sk-openai")).status == 200)
      #expect(try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key(reader)).status == 403)
      #expect(try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key(KeySecret().text)).status == 401)
      var both: HTTPFields = .key("sk-openai")
      both["x-api-key"] = reader
      #expect(try await api.get("/api/chat/none", fields: both).status == 404)
    }
  }

  @Test func `a key ends when it is revoked, its account is disabled, or it is rotated`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin = try await api.makeAdminKey()
      func status(_ key: String) async throws -> Int {
        try await api.get("/api/chat/none", fields: .key(key)).status
      }
      let made = try await api.post("/api/admin/keys", #"{"name":"one"}"#, fields: .key(admin))
      // What is made by an administrator belongs to that one's account unless it is said.
      #expect(made.string("account_id") == "root")
      let key = try #require(made.string("key"))
      #expect(try await status(key) == 404)
      let path = "/api/admin/keys/\(made.string("id") ?? "")"
      let rotated = try await api.post(path + "/rotate", #"{"overlap_seconds":60}"#, fields: .key(admin))
      let second = try #require(rotated.string("key"))
      #expect(try await status(key) == 404)
      #expect(try await status(second) == 404)
      let path2 = "/api/admin/keys/\(rotated.string("id") ?? "")"
      let third = try #require(try await api.post(path2 + "/rotate", "{}", fields: .key(admin)).string("key"))
      #expect(try await status(second) == 401)
      #expect(try await status(third) == 404)
      #expect(try await api.request("DELETE", path, fields: .key(admin)).string("status") == "revoked")
      #expect(try await status(key) == 401)
      let other = try await api.makeKey(account: "other")
      #expect(try await status(other) == 404)
      let disabled = try await api.request(
        "PATCH", "/api/admin/accounts/other", fields: .key(admin), body: Array(#"{"status":"disabled"}"#.utf8))
      #expect(disabled.status == 200)
      #expect(try await status(other) == 401)
    }
  }

  @Test func `an administrator's key is worth no more than the account's role`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin = try await api.makeAdminKey()
      let second = try await api.makeKey([.admin, .read], account: "second", role: .admin)
      #expect(try await api.get("/api/admin/keys", fields: .key(second)).status == 200)
      _ = try await api.request(
        "PATCH", "/api/admin/accounts/second", fields: .key(admin), body: Array(#"{"role":"user"}"#.utf8))
      #expect(try await api.get("/api/admin/keys", fields: .key(second)).status == 403)
      #expect(try await api.get("/api/chat/none", fields: .key(second)).status == 404)
    }
  }

  @Test func `a limited key records for its app and user alone`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let key: HTTPFields = .key(try await api.makeKey(app: "shop", user: "ana"))
      let silent = try await api.post("/api/chat/insert", #"{"query":"q","answer":"a"}"#, fields: key)
      #expect(silent.status == 200)
      let made = try await api.get("/api/chat/\(silent.string("conversation_id") ?? "")", fields: key)
      #expect(made.string("app_id") == "shop" && made.string("user_id") == "ana")
      let foreign = try await api.post("/api/chat/insert", Bodies.exchange(), fields: key)
      #expect(foreign.status == 403)
      #expect(foreign.string("detail")?.contains("app_id") == true)
      let batch = try await api.post(
        "/api/chat/insert/batch", #"[{"query":"q","answer":"a"},\#(Bodies.exchange())]"#, fields: key)
      #expect(batch.results.map { $0["success"]?.boolean } == [true, false])
      #expect(batch.results.last?.string("error") == "forbidden")
    }
  }

  @Test func `a limited key cannot write into the conversation of another`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let owner = try await api.makeKey()
      let body = Bodies.exchange("q", answer: "a", #""conversation_id":"c""#)
      #expect(try await api.post("/api/chat/insert", body, fields: .key(owner)).status == 200)
      let stranger: HTTPFields = .key(try await api.makeKey(user: "bob"))
      let refused = try await api.post(
        "/api/chat/insert", #"{"app_id":"app","conversation_id":"c","query":"q","answer":"a"}"#, fields: stranger)
      #expect(refused.status == 404)
      #expect(try await api.get("/api/chat/c", fields: .key(owner)).integer("dialogue_count") == 1)
    }
  }

  @Test func `an exchange tells which key recorded it, and from where`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let key = try await api.makeKey()
      let fields: HTTPFields = .key(key)
      let number = try #require(await api.main.keyHolder(hash: KeyDigest(of: key).bytes)?.key.tokenID)
      let named = #""conversation_id":"c""#
      let statuses = [
        try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", named), fields: fields).status,
        try await api.post(
          "/api/chat/insert/batch", "[\(Bodies.exchange("q", answer: "a", named))]", fields: fields
        ).status,
        try await api.post(
          "/api/chat/error",
          #"{"app_id":"app","user_id":"user","query":"q","error_code":1,"error_message":"m",\#(named)}"#, fields: fields
        ).status,
      ]
      #expect(statuses == [200, 200, 200])
      let page = try await api.get("/api/chat/c/messages", fields: fields)
      #expect(page.data.map { $0["token_id"]?.integer } == [number, number, number])
      #expect(page.data.map { $0.string("token_name") } == ["test", "test", "test"])
      #expect(page.data.map { $0.string("ip") } == ["127.0.0.1", "127.0.0.1", "127.0.0.1"])
    }
    try await TestAPI.with { api in
      let keyless = Bodies.exchange("q", answer: "a", #""conversation_id":"c""#)
      #expect(try await api.post("/api/chat/insert", keyless).status == 200)
      let exchange = try #require(try await api.get("/api/chat/c/messages").data.first)
      #expect(exchange["token_id"]?.isNull == true && exchange["token_name"]?.isNull == true)
    }
  }

  @Test func `X-User-Id narrows to that user, for who may act for users`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let gateway = try await api.makeKey([.ingest, .read, .actForUsers])
      func fields(_ key: String, _ user: String) -> HTTPFields { ["x-api-key": key, "X-User-Id": user] }
      let silent = try await api.post(
        "/api/chat/insert", #"{"app_id":"app","query":"q","answer":"a"}"#, fields: fields(gateway, "ana"))
      let path = "/api/chat/\(silent.string("conversation_id") ?? "")"
      #expect(try await api.get(path, fields: fields(gateway, "ana")).string("user_id") == "ana")
      #expect(try await api.get(path, fields: fields(gateway, "bob")).status == 404)
      #expect(try await api.get(path, fields: .key(gateway)).status == 200)
      let plain = try await api.makeKey()
      #expect(try await api.get(path, fields: fields(plain, "ana")).status == 403)
      let limited = try await api.makeKey([.read, .actForUsers], user: "ana")
      #expect(try await api.get(path, fields: fields(limited, "ana")).status == 200)
      #expect(try await api.get(path, fields: fields(limited, "bob")).status == 403)
      #expect(try await api.get(path, fields: fields(gateway, "")).status == 400)
      var both = fields(gateway, "ana")
      both.append("X-User-Id", "bob")
      #expect(try await api.get(path, fields: both).status == 400)
      let long = String(repeating: "x", count: 65)
      #expect(try await api.get(path, fields: fields(gateway, long)).status == 400)
    }
  }

  @Test(arguments: Transport.allCases)
  func `a key stands in no log, no answer but its own, and not in the database`(_ transport: Transport) async throws {
    let lines = Mutex<[String]>([])
    let log = Log(level: .debug) { _, message, fields in
      lines.withLock { $0.append(message + fields.map { "\($0.0)=\($0.1)" }.joined()) }
    }
    var configuration: Configuration = .withKeys
    configuration.accessLog = .on
    try await TestAPI.with(transport, configuration: configuration, log: log) { api in
      let admin = try await api.makeAdminKey()
      let made = try await api.post("/api/admin/keys", #"{"name":"one"}"#, fields: .key(admin))
      let key = try #require(made.string("key"))
      let secret = String(try #require(key.split(separator: "-").last))
      var answers: [TestAPI.Answer] = []
      for path in ["/api/chat/none", "/api/admin/keys", "/nowhere"] {
        answers.append(try await api.get(path, fields: .key(key)))
      }
      answers.append(try await api.get("/api/admin/keys?status=all", fields: .key(admin)))
      answers.append(try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key(key)))
      answers.append(try await api.post("/api/chat/insert", "{", fields: .key(key)))
      answers.append(try await api.request("DELETE", "/api/admin/keys/\(made.string("id") ?? "")", fields: .key(admin)))
      answers.append(try await api.get("/api/chat/none", fields: .key(key)))
      #expect(answers.allSatisfy { !$0.text.contains(secret) })
      let logged = lines.withLock { $0 }
      #expect(!logged.isEmpty)
      #expect(logged.allSatisfy { !$0.contains(secret) })
      let files = try api.databaseFiles()
      #expect(files.contains { $0.contains(Array(key.prefix(11).utf8)) })
      #expect(files.allSatisfy { !$0.contains(Array(secret.utf8)) })
    }
  }
}

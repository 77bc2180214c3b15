import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct AdminTests {
  @Test(arguments: Transport.allCases)
  func `accounts are made, listed page by page, and changed`(_ transport: Transport) async throws {
    try await TestAPI.with(transport, configuration: .withKeys) { api in
      let key: String = try await api.makeAdminKey()
      for name in ["a", "b", "ü/ö"] {
        let made = try await api.post("/api/admin/accounts", #"{"name":"\#(name)"}"#, fields: .key(key))
        #expect(made.string("role") == "user" && made.string("status") == "active")
      }
      let again = try await api.post("/api/admin/accounts", #"{"name":"a"}"#, fields: .key(key))
      #expect(again.status == 409)
      var names: [String] = []
      var path = "/api/admin/accounts?limit=2"
      while true {
        let page = try await api.get(path, fields: .key(key))
        names += page["accounts"].map { $0.elements.compactMap { $0.string("name") } } ?? []
        guard let cursor = page.string("next_cursor") else { break }
        path = "/api/admin/accounts?limit=2&cursor=\(cursor)"
      }
      #expect(names == ["a", "b", "default", "root", "ü/ö"])
      let changed = try await api.request(
        "PATCH", "/api/admin/accounts/%C3%BC%2F%C3%B6", fields: .key(key),
        body: Array(#"{"role":"admin","status":"disabled"}"#.utf8))
      #expect(changed.string("role") == "admin" && changed.string("status") == "disabled")
      let none = try await api.request("PATCH", "/api/admin/accounts/none", fields: .key(key))
      #expect(none.status == 404)
    }
  }

  @Test func `a key is made with limits and a number, and its limits are changed`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      func change(_ path: String, _ body: String) async throws -> TestAPI.Answer {
        try await api.request("PATCH", path, fields: admin, body: Array(body.utf8))
      }
      let made = try await api.post(
        "/api/admin/keys", #"{"name":"one","rate_per_minute":100,"rate_burst":200}"#, fields: admin)
      #expect(made.integer("rate_per_minute") == 100 && made.integer("rate_burst") == 200)
      let number = try #require(made.integer("token_id"))
      let path = "/api/admin/keys/\(made.string("id") ?? "")"
      let renamed = try await change(path, #"{"name":"two"}"#)
      #expect(renamed.string("name") == "two" && renamed.integer("rate_per_minute") == 100)
      let changed = try await change(path, #"{"rate_per_minute":0,"rate_burst":null}"#)
      #expect(changed.integer("rate_per_minute") == 0 && changed["rate_burst"]?.isNull == true)
      #expect(changed.integer("token_id") == number && changed["key"] == nil)
      let rotated = try await api.post(path + "/rotate", "{}", fields: admin)
      #expect(rotated.integer("rate_per_minute") == 0)
      #expect(try #require(rotated.integer("token_id")) > number)
      for body in [#"{"rate_per_minute":-1}"#, #"{"rate_burst":0}"#, #"{"rate_burst":1.5}"#, #"{"scopes":["admin"]}"#] {
        #expect(try await change(path, body).status == 400, "\(body)")
      }
      #expect(try await change("/api/admin/keys/none", "{}").status == 404)
    }
  }

  @Test func `an account is made together with its key where that is said`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      func make(_ account: String, _ more: String) async throws -> TestAPI.Answer {
        try await api.post("/api/admin/keys", #"{"name":"x","account_id":"\#(account)"\#(more)}"#, fields: admin)
      }
      let refused = try await make("ops", "")
      #expect(refused.status == 400 && refused.string("detail")?.contains("make_account") == true)
      let made = try await make("ops", #","make_account":true,"scopes":["admin"]"#)
      #expect(made.status == 200)
      #expect(try await api.get("/api/admin/keys", fields: .key(made.string("key") ?? "")).status == 200)
      #expect(try await make("shop", #","make_account":true"#).status == 200)
      #expect(try await api.main.account(named: "shop")?.role == .user)
      // One that is there keeps its role.
      let raised = try await make("shop", #","make_account":true,"scopes":["admin"]"#)
      #expect(raised.status == 400 && raised.string("detail")?.contains("set-role shop admin") == true)
      #expect(try await make("default", #","make_account":true"#).status == 200)
      #expect(try await make("x", #","make_account":"yes""#).status == 400)
      var query = AuditQuery()
      query.action = AuditAction.keyCreate.rawValue
      let notes = try await api.main.auditTrail(query, limit: 20).compactMap(\.detail)
      #expect(notes.contains { $0.contains(#""key_account":"ops","scopes":"admin","made_account":"admin""#) })
      #expect(notes.contains { $0.contains(#""key_account":"shop","#) && $0.contains(#""made_account":"user""#) })
      #expect(!notes.contains { $0.contains(#""key_account":"default""#) && $0.contains("made_account") })
    }
  }

  @Test func `who has no key is told so, and how the first one is made`() async throws {
    try await TestAPI.with { api in
      let refused = try await api.post("/api/admin/keys", #"{"name":"x"}"#)
      #expect(refused.status == 401)
      #expect(refused.string("detail")?.contains("verbatim keys create") == true)
      let key: HTTPFields = .key(try await api.makeKey())
      let forbidden = try await api.get("/api/admin/keys", fields: key)
      #expect(forbidden.status == 403 && forbidden.string("detail")?.contains("this key may not") == true)
    }
  }

  @Test func `what an administrator mistypes is refused by name`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let key: String = try await api.makeAdminKey()
      let mistakes: [(path: String, body: String, status: Int, told: String)] = [
        ("keys", #"{"name":"x","scope":["read"]}"#, 400, "scope is no field"), ("keys", "{}", 400, "name is required"),
        ("keys", #"{"name":"x","scopes":["write"]}"#, 400, "scopes must name"),
        ("keys", #"{"name":"x","scopes":"read"}"#, 400, "array"),
        ("keys", #"{"name":"x","scopes":[]}"#, 400, "scopes must name"),
        ("keys", #"{"name":"x","account_id":"nobody"}"#, 400, "names no account"),
        ("keys", #"{"name":"x","account_id":"default","scopes":["admin"]}"#, 400, "role is admin"),
        ("keys", #"{"name":"x","scopes":["admin"],"app_id":"a"}"#, 400, "cannot be limited"),
        ("keys", #"{"name":"x","expires_at":"2001-01-01"}"#, 400, "in the past"),
        ("keys", #"{"name":"x","expires_at":"soon"}"#, 400, "ISO 8601"), ("keys", "{", 422, "not JSON"),
        ("keys", #"{"name":"a\nb"}"#, 400, "control characters"), ("accounts", #"{"name":"*"}"#, 400, "all accounts"),
        ("keys", #"{"name":"k","account_id":"*","make_account":true}"#, 400, "all accounts"),
        ("accounts", #"{"name":"x","role":"king"}"#, 400, "admin, user"),
      ]
      for (path, body, status, told) in mistakes {
        let answer = try await api.post("/api/admin/\(path)", body, fields: .key(key))
        #expect(answer.status == status, "\(body): \(answer.text)")
        #expect(answer.string("detail")?.contains(told) == true, "\(body): \(answer.text)")
      }
      for query in ["limit=0", "limit=101", "cursor=*", "cursor=YWJj", "status=dead"] {
        #expect(try await api.get("/api/admin/keys?\(query)", fields: .key(key)).status == 400, "\(query)")
      }
      for path in ["keys/none", "keys/01a1faa0-e914-771f-bc96-4b626530eca5"] {
        #expect(try await api.request("DELETE", "/api/admin/\(path)", fields: .key(key)).status == 404, "\(path)")
      }
    }
  }
}

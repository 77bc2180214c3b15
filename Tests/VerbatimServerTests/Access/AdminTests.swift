import Testing
import VerbatimModel
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

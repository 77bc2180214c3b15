import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Attempts at writing where others write, and at learning from what is answered, on every engine.
@Suite struct StrangerWriteTests {
  private func attempt(
    _ engine: TestEngine, _ body: @Sendable (StrangerFixture) async throws -> Void
  ) async throws {
    try await TestAPI.with(configuration: .withKeys, on: engine) { api in
      let fixture = try await StrangerFixture(api)
      let before = try await fixture.whatIsThere()
      try await body(fixture)
      #expect(try await fixture.whatIsThere() == before)
    }
  }

  /// An exchange of whoever the key is.
  private func exchange(_ more: String) -> String { #"{"query":"q","answer":"a",\#(more)}"# }

  @Test(arguments: TestEngine.allCases)
  func `a conversation takes nothing from strangers`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let named = #""conversation_id":"\#(StrangerFixture.conversation)""#
      for stranger in fixture.strangers where stranger.isNear {
        let isApp = stranger.name == "another app"
        let whose = isApp ? #""user_id":"user""# : #""app_id":"app""#
        let body = exchange("\(named),\(whose)")
        let single = try await fixture.api.post("/api/chat/insert", body, fields: stranger.fields)
        #expect(single.status == 404, "\(stranger): \(single.text)")
        let failed = try await fixture.api.post(
          "/api/chat/error", #"{"query":"q","error_code":1,"error_message":"m",\#(named),\#(whose)}"#,
          fields: stranger.fields)
        #expect(failed.status == 404, "\(stranger): \(failed.text)")
        let items = [body, exchange(whose), body]
        let batch = try await fixture.api.post(
          "/api/chat/insert/batch", "[\(items.joined(separator: ","))]", fields: stranger.fields)
        #expect(batch.results.map { $0["success"]?.boolean } == [false, true, false], "\(stranger): \(batch.text)")
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `somebody else's keys of idempotency lead to nothing of theirs`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let named = #""conversation_id":"\#(StrangerFixture.conversation)""#
      for stranger in fixture.strangers {
        let isApp = stranger.name == "another app"
        let whose =
          stranger.isNear ? (isApp ? #""user_id":"user""# : #""app_id":"app""#) : #""app_id":"app","user_id":"user""#
        for (index, more) in [
          #"\#(named),"client_message_id":"key-0""#, #""client_message_id":"key-0""#, #""idempotency_key":"line-0""#,
          #"\#(named),"idempotency_key":"line-1""#,
        ].enumerated() {
          let body = exchange("\(more),\(whose)")
          let single = try await fixture.api.post("/api/chat/insert", body, fields: stranger.fields)
          let batch = try await fixture.api.post("/api/chat/insert/batch", "[\(body)]", fields: stranger.fields)
          for text in [single.text, batch.text] {
            #expect(!fixture.exchanges.contains { text.contains($0) }, "\(stranger), \(index): \(text)")
          }
          if stranger.isNear {
            #expect(!single.text.contains(StrangerFixture.conversation), "\(stranger), \(index): \(single.text)")
          }
        }
        var fields = stranger.fields
        fields["Idempotency-Key"] = "key-0"
        let header = try await fixture.api.post("/api/chat/insert", exchange(whose), fields: fields)
        #expect(!fixture.exchanges.contains { header.text.contains($0) }, "\(stranger): \(header.text)")
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `a limited key records as nobody else, however the body says so`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let key: HTTPFields = .key(try await fixture.api.makeKey(account: "owner", app: "mine", user: "mallory"))
      let bodies = [
        #""app_id":"app","user_id":"user""#, #""app_id":"mine","user_id":"user""#, #""app_id":"app""#,
        #""app_id":"mine","app_id":"app""#, #""app_id":"app","app_id":"mine""#, #""app\u005fid":"app""#,
        #""user_id":"mallory","user\u005fid":"user""#, #""user_id":"user","user_id":"mallory""#,
        #""user_id":"mallory\u0000""#, #""user_id":"mallory ""#, #""user_id":" ""#, #""user_id":["user"]"#,
        #""user_id":{"a":1}"#, #""user_id":7"#, #""user_id":"MALLORY""#, #""APP_ID":"app""#, #""account_id":"other""#,
        #""user_id":null,"app_id":null"#, #""user_id":"","app_id":"""#,
        #""token_id":1,"token_name":"x","ip":"1.1.1.1""#,
      ]
      for (index, more) in bodies.enumerated() {
        let body = exchange(#""conversation_id":"try-\#(index)",\#(more)"#)
        let answers = [
          try await fixture.api.post("/api/chat/insert", body, fields: key),
          try await fixture.api.post("/api/chat/insert/batch", "[\(body)]", fields: key),
        ]
        #expect(answers.allSatisfy { $0.status < 500 }, "\(more)")
      }
      let list = try await fixture.api.get("/api/v1/conversations?limit=100&sort=name", fields: fixture.owner)
      let tried = list["conversations"].map { $0.elements.filter { $0.string("id")?.hasPrefix("try") == true } }
      for made in tried ?? [] {
        #expect(made.string("app_id") == "mine" && made.string("user_id") == "mallory", "\(made.text)")
        #expect(made.string("account_id") == "owner")
        let id = made.string("id") ?? ""
        let page = try await fixture.api.get("/api/chat/\(id)/messages", fields: key)
        for exchange in page.data {
          #expect(exchange.string("app_id") == "mine" && exchange.string("user_id") == "mallory", "\(exchange.text)")
          #expect(exchange.string("token_name") == "test" && exchange.string("ip") == "127.0.0.1", "\(exchange.text)")
        }
        let purged = try await fixture.api.request(
          "DELETE", "/api/v1/conversations/\(id)?purge=true", fields: key)
        #expect(purged.status == 200)
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `the same id in another account is another conversation`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let stranger = fixture.strangers[0].fields
      let path = "/api/v1/conversations/\(StrangerFixture.conversation)"
      let body = Bodies.exchange("mine", answer: "mine", #""conversation_id":"\#(StrangerFixture.conversation)""#)
      let made = try await fixture.api.post("/api/chat/insert", body, fields: stranger)
      #expect(made["duplicate"]?.boolean == false)
      for part in ["", "/files", "/errors", "/settings"] {
        let answer = try await fixture.api.get(path + part, fields: stranger)
        #expect(answer.status == 200 && !answer.text.contains(StrangerFixture.word), "\(part): \(answer.text)")
      }
      let changed = try await fixture.api.request(
        "PATCH", path, fields: StrangerFixture.json(stranger), body: Array(#"{"name":"mine","tags":["mine"]}"#.utf8))
      #expect(changed.status == 200)
      let settings = try await fixture.api.request(
        "PUT", path + "/settings", fields: StrangerFixture.json(stranger),
        body: Array(#"{"system_message":"mine"}"#.utf8))
      #expect(settings.status == 200)
      #expect(try await fixture.api.request("DELETE", path, fields: stranger).status == 200)
      #expect(try await fixture.api.post(path + "/restore", "{}", fields: stranger).status == 200)
      #expect(try await fixture.api.post(path + "/purge", "{}", fields: stranger).status == 200)
      #expect(try await fixture.api.get(path, fields: stranger).status == 404)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is deleted comes back for its owner alone`(_ engine: TestEngine) async throws {
    try await TestAPI.with(configuration: .withKeys, on: engine) { api in
      let fixture = try await StrangerFixture(api)
      let path = "/api/v1/conversations/\(StrangerFixture.conversation)"
      #expect(try await api.request("DELETE", path, fields: fixture.owner).status == 200)
      for stranger in fixture.strangers {
        for route in api.routes where RouteFixture.namesConversation(route) {
          let answer = try await fixture.send(route, StrangerFixture.conversation, stranger.fields)
          #expect(answer.status == 404, "\(route.method) \(route.pattern) by \(stranger)")
        }
      }
      #expect(try await api.post(path + "/restore", "{}", fields: fixture.owner).status == 200)
      #expect(try await fixture.whatIsThere().allSatisfy { $0.contains(StrangerFixture.word) })
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `values that no database takes are refused, not failed of`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let admin: HTTPFields = .key(try await fixture.api.makeAdminKey())
      func cursor(_ bytes: String) -> String { Data(bytes.utf8).base64EncodedString().replacing("=", with: "") }
      for path in [
        "/api/admin/accounts?cursor=\(cursor("\0"))", "/api/admin/keys?account_id=%00", "/api/admin/keys?prefix=%00",
        "/api/admin/keys?prefix=%FF", "/api/admin/audit?account_id=%00", "/api/admin/audit?action=%00",
        "/api/admin/audit?conversation_id=%00", "/api/admin/audit?actor=%00", "/api/chat/%00?account_id=owner",
        "/api/v1/conversations?sort=name&cursor=\(cursor(#"["name",false,"\u0000","\u0000","\u0000"]"#))",
        "/api/v1/conversations?sort=name&cursor=\(cursor(#"["name",false,"\ud800","a","b"]"#))",
        "/api/v1/conversations?cursor=\(cursor(#"["created_at",false,9223372036854775807,"a","b"]"#))",
        "/api/v1/conversations?q=%00", "/api/v1/conversations/%00/settings",
      ] {
        let answer = try await fixture.api.get(path, fields: admin)
        #expect(answer.status < 500, "\(path): \(answer.text)")
      }
      for (method, path) in [
        ("PATCH", "/api/admin/accounts/%00"), ("DELETE", "/api/v1/conversations/%00"),
        ("POST", "/api/v1/conversations/%00/purge"), ("POST", "/api/v1/conversations/%00/restore"),
      ] {
        let answer = try await fixture.api.request(method, path, fields: admin)
        #expect(answer.status < 500, "\(method) \(path): \(answer.text)")
      }
    }
  }
}

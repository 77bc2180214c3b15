import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Attempts at what belongs to others, on every engine.
@Suite struct StrangerTests {
  private func attempt(
    _ engine: TestEngine, _ transport: Transport = .router, _ body: @Sendable (StrangerFixture) async throws -> Void
  ) async throws {
    try await TestAPI.with(transport, configuration: .withKeys, on: engine) { api in
      let fixture = try await StrangerFixture(api)
      let before = try await fixture.whatIsThere()
      try await body(fixture)
      #expect(try await fixture.whatIsThere() == before)
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `what is somebody else's answers as what is not there, byte for byte`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      for route in fixture.api.routes where RouteFixture.namesConversation(route) {
        for stranger in fixture.strangers {
          let foreign = try await fixture.send(route, StrangerFixture.conversation, stranger.fields)
          let nothing = try await fixture.send(route, "nothing-here", stranger.fields)
          #expect(foreign.status == 404, "\(route.method) \(route.pattern) by \(stranger)")
          #expect(foreign.tellable == nothing.tellable, "\(route.method) \(route.pattern) by \(stranger)")
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `lists, statistics and errors tell nothing of others, whatever is asked for`(_ engine: TestEngine)
    async throws
  {
    try await attempt(engine) { fixture in
      let word = StrangerFixture.word
      let first = try await fixture.api.get("/api/v1/conversations?limit=1", fields: fixture.owner)
      let cursors = [
        first.string("next_cursor") ?? "", Self.cursor(#"["created_at",false,99999999999999,"owner",""]"#),
      ]
      let queries =
        [
          "", "?tag=\(word)", "?q=\(word)", "?q=%25", "?q=_", "?app_id=app", "?user_id=user", "?status=active",
          "?model=custom-model", "?from=0", "?sort=name&order=asc", "?offset=0", "?user_id=%27%20OR%20%271%27=%271",
          "?tag=%27%29%20OR%201=1%20--%20",
        ] + cursors.map { "?cursor=\($0)" }
      for stranger in fixture.strangers {
        for query in queries {
          let list = try await fixture.api.get("/api/v1/conversations" + query, fields: stranger.fields)
          #expect(list["conversations"]?.text == "[]" || list.status == 400, "\(query) by \(stranger): \(list.text)")
        }
        let errors = try await fixture.api.get("/api/v1/errors", fields: stranger.fields)
        #expect(errors["errors"]?.text == "[]", "\(stranger): \(errors.text)")
        let statistics = try await fixture.api.get("/api/v1/stats/conversations", fields: stranger.fields)
        #expect(statistics.integer("total_messages") == 0, "\(stranger): \(statistics.text)")
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `ids of others lead nowhere from one's own conversation`(_ engine: TestEngine) async throws {
    try await attempt(engine) { fixture in
      let stranger = fixture.strangers[0]
      let own = #""conversation_id":"own""#
      for _ in 0..<3 {
        _ = try await fixture.api.post(
          "/api/chat/insert", Bodies.exchange("mine", answer: "mine", own), fields: stranger.fields)
      }
      for exchange in fixture.exchanges {
        // One that nobody has, of the same moment.
        let nobody = String(exchange.dropLast(8)) + "00000000"
        for place in [
          "/api/chat/own/messages?first_id=", "/api/chat/own/messages?order=asc&last_id=",
          "/api/v1/conversations/own?before=", "/api/v1/conversations/own?after=",
          "/api/v1/conversations/own/files?after=", "/api/v1/conversations/own/errors?cursor=",
          "/api/v1/errors?cursor=",
        ] {
          let foreign = try await fixture.api.get(place + exchange, fields: stranger.fields)
          let nothing = try await fixture.api.get(place + nobody, fields: stranger.fields)
          #expect(foreign.tellable == nothing.tellable, "\(place)")
          #expect(!foreign.text.contains(StrangerFixture.word), "\(place)")
        }
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `nobody becomes another by naming one`(_ engine: TestEngine) async throws {
    try await attempt(engine, .socket) { fixture in
      let secret = "/api/chat/\(StrangerFixture.conversation)"
      let stranger = fixture.strangers[0].fields
      let near = HTTPFields.key(try await fixture.api.makeKey(account: "owner", user: "mallory"))
      var attempts: [(String, HTTPFields)] = [
        ("?account_id=owner", stranger), ("?account_id=*", stranger), ("?account_id=owner%20", stranger),
        ("?account_id=OWNER", stranger), ("?account_id=other&account_id=owner", stranger),
        ("?account_id=owner&account_id=other", stranger), ("?account%5Fid=owner", stranger),
        ("?ACCOUNT_ID=owner", stranger), ("?account_id=owner%00", stranger), ("?user_id=user&app_id=app", near),
        ("?account_id=%D0%BEwner", stranger),
      ]
      for (name, value) in [
        ("X-User-Id", "user"), ("x-user-id", "user"), ("X-Account-Id", "owner"), ("X-App-Id", "app"),
        ("X-Forwarded-User", "user"), ("X-Remote-User", "owner"), ("X-Original-URL", secret), ("X-Rewrite-URL", secret),
        ("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("Cookie", "account=owner"),
      ] {
        for fields in [stranger, near] {
          var fields = fields
          fields[name] = value
          attempts.append(("", fields))
        }
      }
      for (query, fields) in attempts {
        let answer = try await fixture.api.get(secret + query, fields: fields)
        #expect([400, 403, 404].contains(answer.status), "\(query) \(fields.entries): \(answer.text)")
        #expect(!answer.text.contains(StrangerFixture.word))
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `names that look alike are different ones`(_ engine: TestEngine) async throws {
    let names = ["café", "cafe\u{301}", "Café", "café ", " café", "саfé", "ｃafé", "café\u{200B}", "caf\u{E9}\u{301}"]
    try await TestAPI.with(configuration: .withKeys, on: engine) { api in
      var keys: [HTTPFields] = []
      for name in names {
        keys.append(.key(try await api.makeKey(account: name)))
        keys.append(.key(try await api.makeKey(account: "shared", user: name)))
        keys.append(.key(try await api.makeKey(account: "shared", app: name)))
      }
      for (index, fields) in keys.enumerated() {
        let body = #"{"conversation_id":"c\#(index)","query":"q","answer":"a","app_id":"x","user_id":"x"}"#
          .replacing(#","app_id":"x""#, with: index % 3 == 2 ? "" : #","app_id":"x""#)
          .replacing(#","user_id":"x""#, with: index % 3 == 1 ? "" : #","user_id":"x""#)
        let made = try await api.post("/api/chat/insert", body, fields: fields)
        #expect(made.status == 200, "\(made.text)")
      }
      for (index, fields) in keys.enumerated() {
        let list = try await api.get("/api/v1/conversations?limit=100", fields: fields)
        let ids = list["conversations"].map { $0.elements.compactMap { $0.string("id") } }
        #expect(ids == ["c\(index)"], "\(names[index / 3]): \(list.text)")
        for other in keys.indices where other != index {
          #expect(try await api.get("/api/chat/c\(other)", fields: fields).status == 404)
        }
      }
      let gateway = try await api.makeKey([.read, .actForUsers], account: "shared")
      for (index, name) in names.enumerated() where name.trimmingSpaces() == name {
        let fields: HTTPFields = ["x-api-key": gateway, "X-User-Id": name]
        let list = try await api.get("/api/v1/conversations?limit=100", fields: fields)
        let ids = list["conversations"].map { $0.elements.compactMap { $0.string("id") } }
        #expect(ids == ["c\(index * 3 + 1)"], "\(name): \(list.text)")
      }
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `paths are what they say, and none of them an error of ours`(_ engine: TestEngine) async throws {
    try await attempt(engine, .socket) { fixture in
      let id = StrangerFixture.conversation
      let paths = [
        "/api/chat/../chat/\(id)", "/api/chat/%2e%2e/chat/\(id)", "/api/chat/\(id)%2f", "/api/chat//\(id)",
        "/api/chat/\(id)/", "/api/chat/\(id);x=1", "/api/chat/%74he-secret", "/api/chat/%2574he-secret",
        "/api/chat/\(id)%00", "/api/chat/%00", "/api/chat/%FF", "/api/chat/\(id)%20", "/api/chat/THE-SECRET",
        "/api/chat/\(id)%0d%0aX-User-Id:%20user", "/API/CHAT/\(id)", "/api/chat/\(id)%c0%ae", "/api/chat/%ED%A0%80",
        "/api/chat/" + String(repeating: "x", count: 300), "/api/chat/'%20OR%201=1%20--", "/api/chat/%25",
        "/api/admin%2Fkeys", "/api/admin/./keys", "/api/chat/../admin/keys", "//api/admin/keys", "/api/admin/keys/",
        "/api/v1/conversations/\(id)%00/settings", "/api/v1/conversations/%00/files",
        "/api/v1/conversations/%00/errors",
      ]
      for stranger in fixture.strangers {
        for path in paths {
          for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
            let answer = try await fixture.api.request(method, path, fields: stranger.fields)
            let isOffer = method == "OPTIONS" && answer.status == 204
            #expect(isOffer || [400, 403, 404, 405].contains(answer.status), "\(method) \(path): \(answer.status)")
          }
        }
        let whole = try await fixture.api.get("/api/chat/\(id)", fields: stranger.fields)
        var part = stranger.fields
        part["Range"] = "bytes=0-10"
        part["If-None-Match"] = "*"
        #expect(try await fixture.api.get("/api/chat/\(id)", fields: part).tellable == whole.tellable)
        var disguised = StrangerFixture.json(stranger.fields)
        disguised["X-HTTP-Method-Override"] = "DELETE"
        #expect(try await fixture.api.post("/api/chat/\(id)", "{}", fields: disguised).status == 405)
      }
    }
  }

  private static func cursor(_ json: String) -> String {
    Data(json.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}

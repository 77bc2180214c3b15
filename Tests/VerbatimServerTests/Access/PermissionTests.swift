import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Every route, called by everybody: a new route is in here by being registered.
@Suite struct PermissionTests {
  private static let needed: [Need: Scopes] = [.ingest: .ingest, .read: .read, .chat: .chat, .admin: .admin]

  @Test(arguments: Transport.allCases)
  func `every route lets in who has what it needs, and nobody else`(_ transport: Transport) async throws {
    var configuration = Configuration.withKeys
    configuration.gateway.passThrough = .all
    try await TestAPI.with(transport, configuration: configuration) { api in
      let fixture = try await RouteFixture(api)
      var callers: [(name: String, scopes: Scopes?, fields: HTTPFields)] = [
        ("nobody", nil, [:]), ("a wrong key", nil, .key(KeySecret().text)), ("another's key", nil, .key("sk-foreign")),
        ("an expired key", nil, .key(try await api.makeKey(expiresAt: 1))),
        ("an administrator", .admin, .key(fixture.adminKey)), ("an owner", .standard, .key(fixture.ownerKey)),
      ]
      for scopes: Scopes in [.ingest, .read, .chat, .actForUsers] {
        callers.append(("\(scopes.names)", scopes, .key(try await api.makeKey(scopes))))
      }
      for route in api.routes {
        for caller in callers {
          let answer = try await fixture.send(route, to: try await fixture.path(of: route), caller.fields)
          let mayPass = caller.scopes.map { Self.may($0, route.needs) } ?? (route.needs == .nothing)
          let refusal = caller.scopes == nil ? 401 : 403
          let subject =
            "\(route.method) \(route.pattern) by \(caller.name): \(answer.status) \(answer.text.prefix(200))"
          #expect([401, 403].contains(answer.status) == !mayPass, "\(subject)")
          #expect(mayPass || answer.status == refusal, "\(subject)")
        }
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func `what belongs to somebody else is not there`(_ transport: Transport) async throws {
    try await TestAPI.with(transport, configuration: .withKeys) { api in
      let fixture = try await RouteFixture(api)
      var acting: HTTPFields = .key(try await api.makeKey([.ingest, .read, .chat, .actForUsers]))
      acting["X-User-Id"] = "stranger"
      let strangers: [(name: String, fields: HTTPFields)] = [
        ("another account", .key(try await api.makeKey(account: "other"))),
        ("another user", .key(try await api.makeKey(user: "stranger"))),
        ("another app", .key(try await api.makeKey(app: "stranger"))),
        ("the user in another app", .key(try await api.makeKey(app: "stranger", user: "user"))),
        ("who acts for another user", acting),
        ("an administrator in an own account", .key(fixture.adminKey)),
      ]
      for route in api.routes where RouteFixture.namesConversation(route) {
        let path = try await fixture.path(of: route)
        for stranger in strangers {
          let answer = try await fixture.send(route, to: path, stranger.fields)
          #expect(answer.status == 404, "\(route.method) \(route.pattern) by \(stranger.name): \(answer.text)")
        }
        let own = try await fixture.send(route, to: path, .key(fixture.ownerKey))
        #expect(own.status < 400, "\(route.method) \(route.pattern) by its owner: \(own.status) \(own.text)")
      }
    }
  }

  @Test func `an administrator reaches the account that account_id names`() async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let fixture = try await RouteFixture(api)
      for route in api.routes where RouteFixture.namesConversation(route) {
        let path = try await fixture.path(of: route)
        let refused = try await fixture.send(
          route, to: path + "?account_id=default", .key(try await api.makeKey(account: "other")))
        #expect(refused.status == 403, "\(route.method) \(route.pattern): \(refused.text)")
        let all = try await fixture.send(route, to: path + "?account_id=*", .key(fixture.adminKey))
        #expect(all.status == 404, "\(route.method) \(route.pattern): \(all.text)")
        let found = try await fixture.send(route, to: path + "?account_id=default", .key(fixture.adminKey))
        #expect(found.status < 400, "\(route.method) \(route.pattern): \(found.status) \(found.text)")
      }
    }
  }

  @Test func `who is keyless does everything but administer, in one account`() async throws {
    try await TestAPI.with { api in
      let fixture = try await RouteFixture(api)
      for route in api.routes {
        let answer = try await fixture.send(route, to: try await fixture.path(of: route), [:])
        #expect(answer.status != 403, "\(route.method) \(route.pattern): \(answer.text)")
        #expect((answer.status == 401) == (route.needs == .admin), "\(route.method) \(route.pattern): \(answer.text)")
      }
      _ = try await api.post(
        "/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"other's""#),
        fields: .key(try await api.makeKey(account: "other")))
      #expect(try await api.get("/api/chat/other's").status == 404)
    }
  }

  private static func may(_ scopes: Scopes, _ need: Need) -> Bool {
    guard let wanted = needed[need], !scopes.contains(.admin) else { return true }
    return scopes.contains(wanted)
  }
}

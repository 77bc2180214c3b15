import HTTP
import Providers
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Makes, for any route, what its path names, and a request that its owner may send.
struct RouteFixture {
  /// Bodies of routes that do not take `{}`.
  private static let bodies: [String: String] = [
    "POST /api/chat/insert": Bodies.exchange(),
    "POST /api/chat/insert/batch": "[\(Bodies.exchange())]",
    "POST /api/chat/error":
      #"{"app_id":"app","user_id":"user","query":"q","error_code":429,"error_message":"slow down"}"#,
    "POST /api/chat": #"{"message":"q"}"#,
    "POST /v1/chat/completions/{completion_id}": #"{"metadata":{"topic":"q"}}"#,
    "POST /v1/conversations/{conversation_id}/items": #"{"items":[{"role":"user","content":"q"}]}"#,
    "POST /api/admin/accounts": #"{"name":"made"}"#,
    "POST /api/admin/keys": #"{"name":"made"}"#,
  ]

  let api: TestAPI
  let adminKey: String
  /// Of the account `default`, whose are the conversations that are made.
  let ownerKey: String

  init(_ api: TestAPI) async throws {
    self.api = api
    adminKey = try await api.makeAdminKey()
    ownerKey = try await api.makeKey()
  }

  /// Whether the route is about one conversation that its path names.
  static func namesConversation(_ route: RouteTable.Route) -> Bool {
    route.pattern.contains("{conversation_id}") || route.pattern.contains("{completion_id}")
      || route.pattern.contains("/conversations/{id}")
  }

  /// The path with things that were made for it alone.
  func path(of route: RouteTable.Route) async throws -> String {
    if route.pattern.contains("{exchange_id}") {
      let made = try await recorded()
      return route.pattern.replacing("{conversation_id}", with: made.conversationID)
        .replacing("{exchange_id}", with: made.exchangeID.description)
    }
    if route.pattern.contains("{item_id}") {
      let made = try await recorded()
      let digits = made.exchangeID.description.replacing("-", with: "")
      return route.pattern.replacing("{conversation_id}", with: made.conversationID)
        .replacing("{item_id}", with: "msg_" + digits)
    }
    var segments: [String] = []
    for segment in route.pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init) {
      guard segment.hasPrefix("{") else {
        segments.append(segment)
        continue
      }
      segments.append(try await value(of: segment, in: route))
    }
    return segments.joined(separator: "/")
  }

  func send(_ route: RouteTable.Route, to path: String, _ fields: HTTPFields) async throws -> TestAPI.Answer {
    var fields = fields
    fields["Content-Type"] = "application/json"
    let body = Self.bodies["\(route.method) \(route.pattern)"] ?? "{}"
    return try await api.request(
      route.method, path, fields: fields, body: route.method == "GET" ? [] : Array(body.utf8))
  }

  /// An exchange as the gateway records it.
  private func recorded(responseID: String? = nil) async throws -> Store.Receipt {
    let body = Bytes(utf8: #"{"model":"m","messages":[{"role":"user","content":"q"}]}"#)
    let request = try ChatRequest(parsing: body)
    var exchange = request.exchange(appID: "app", userID: "user", provider: "openai")
    exchange.choices = [Message(role: "assistant", content: Bytes(utf8: "a"), contentKind: .text)]
    exchange.responseID = responseID
    return try await api.store.append(exchange, account: "default")
  }

  private func value(of parameter: String, in route: RouteTable.Route) async throws -> String {
    if Self.namesConversation(route), parameter == "{conversation_id}" || parameter == "{id}" {
      let made = try await api.post("/api/chat/insert", Bodies.exchange(), fields: .key(ownerKey))
      return try #require(made.string("conversation_id"))
    }
    if parameter == "{completion_id}" {
      let id = "chatcmpl-\(UInt64.random(in: 0...UInt64.max))"
      _ = try await recorded(responseID: id)
      return id
    }
    if route.pattern.hasPrefix("/v1/") { return ["{resource}": "files", "{part}": "content"][parameter] ?? "f-1" }
    switch (route.pattern.split(separator: "/").dropFirst(2).first, parameter) {
    case ("accounts", "{name}"):
      let name = "account-\(UInt64.random(in: 0...UInt64.max))"
      _ = try await api.main.createAccount(named: name, role: .user)
      return name
    case ("keys", "{id}"):
      let answer = try await api.post("/api/admin/keys", #"{"name":"made"}"#, fields: .key(adminKey))
      return try #require(answer.string("id"))
    case ("channels", "{id}"):
      var channel = Channel(
        name: "channel-\(UInt64.random(in: 0...UInt64.max))", dialect: .openai, baseURL: "http://127.0.0.1:1/v1",
        key: nil, models: [:])
      channel.status = .disabled
      return try #require(await api.main.createChannel(channel)).id.description
    case (_, "{id}") where route.pattern.hasPrefix("/api/exports"):
      return try #require(try await api.post("/api/exports", "{}", fields: .key(ownerKey)).string("id"))
    default:
      Issue.record("say here what \(parameter) of \(route.method) \(route.pattern) stands for")
      return "unknown"
    }
  }
}

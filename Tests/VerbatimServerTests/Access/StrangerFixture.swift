import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Somebody's conversation with all that belongs to one, and those who have no business with it.
struct StrangerFixture: Sendable {
  struct Stranger: Sendable, CustomStringConvertible {
    let name: String
    let fields: HTTPFields
    /// Whether it is somebody of the same account.
    let isNear: Bool

    var description: String { name }
  }

  static let conversation = "the-secret"
  /// Stands in everything that only its owner may see.
  static let word = "Geheimnis"

  let api: TestAPI
  let owner: HTTPFields
  let strangers: [Stranger]
  /// Ids of the owner's exchanges, oldest first.
  let exchanges: [String]

  init(_ api: TestAPI) async throws {
    self.api = api
    let all: Scopes = [.ingest, .read, .chat, .actForUsers]
    owner = .key(try await api.makeKey(account: "owner"))
    var acting: HTTPFields = .key(try await api.makeKey(all, account: "owner"))
    acting["X-User-Id"] = "mallory"
    strangers = [
      Stranger(name: "another account", fields: .key(try await api.makeKey(all, account: "other")), isNear: false),
      Stranger(
        name: "another app", fields: .key(try await api.makeKey(account: "owner", app: "mallory")), isNear: true),
      Stranger(
        name: "another user", fields: .key(try await api.makeKey(account: "owner", user: "mallory")), isNear: true),
      Stranger(name: "who acts for another user", fields: acting, isNear: true),
    ]
    exchanges = try await Self.record(api, owner)
  }

  private static func record(_ api: TestAPI, _ owner: HTTPFields) async throws -> [String] {
    let named = #""conversation_id":"\#(conversation)","metadata":{"m":"\#(word)"}"#
    var ids: [String] = []
    let file = #"{"type":"image","transfer_method":"remote_url","url":"https://a.b/\#(word)","belongs_to":"user"}"#
    for number in 0..<3 {
      let keys = #""client_message_id":"key-\#(number)","idempotency_key":"line-\#(number)""#
      let body = Bodies.exchange("\(word) \(number)", answer: word, #"\#(named),\#(keys),"files":[\#(file)]"#)
      let made = try await api.post("/api/chat/insert", body, fields: owner)
      ids.append(try #require(made.string("message_id")))
    }
    let failed = try await api.post(
      "/api/chat/error",
      #"{"app_id":"app","user_id":"user","query":"\#(word)","error_code":1,"error_message":"\#(word)",\#(named)}"#,
      fields: owner)
    ids.append(try #require(failed.string("message_id")))
    let path = "/api/v1/conversations/\(conversation)"
    let change = #"{"tags":["\#(word)"],"metadata":{"m":"\#(word)"}}"#
    #expect(try await api.request("PATCH", path, fields: json(owner), body: Array(change.utf8)).status == 200)
    let settings = Array(#"{"system_message":"\#(word)"}"#.utf8)
    #expect(try await api.request("PUT", path + "/settings", fields: json(owner), body: settings).status == 200)
    return ids
  }

  static func json(_ fields: HTTPFields) -> HTTPFields {
    var fields = fields
    fields["Content-Type"] = "application/json"
    return fields
  }

  /// All that there is of the conversation, as its owner sees it.
  func whatIsThere() async throws -> [String] {
    let one = "/api/v1/conversations/\(Self.conversation)"
    var texts: [String] = []
    for path in [
      one, one + "/settings", one + "/files", one + "/errors", "/api/chat/\(Self.conversation)/messages?limit=100",
      "/api/v1/conversations?limit=100&tag=\(Self.word)",
    ] {
      let answer = try await api.get(path, fields: owner)
      #expect(answer.status == 200, "\(path): \(answer.text)")
      texts.append(answer.text)
    }
    return texts
  }

  /// A request that could do harm, for any route of a conversation.
  func send(_ route: RouteTable.Route, _ conversation: String, _ fields: HTTPFields) async throws -> TestAPI.Answer {
    let path = route.pattern.replacing("{conversation_id}", with: conversation).replacing("{id}", with: conversation)
    let body: String? =
      switch route.method {
      case "POST" where route.pattern.hasSuffix("/{completion_id}"): #"{"metadata":{"mine":"mine"}}"#
      case "PATCH": #"{"name":"mine","tags":["mine"],"metadata":{}}"#
      case "PUT": #"{"system_message":"mine"}"#
      case "GET": nil
      default: "{}"
      }
    return try await api.request(
      route.method, path, fields: Self.json(fields), body: body.map { Array($0.utf8) } ?? [])
  }
}

extension TestAPI.Answer {
  /// What anybody could tell from it: all but the id of the request, which is chance.
  var tellable: String {
    let id = string("request_id") ?? ""
    let names = fields.entries.map(\.name).sorted().joined(separator: ",")
    return "\(status) \(names) " + (id.isEmpty ? text : text.replacing(id, with: "ID"))
  }
}

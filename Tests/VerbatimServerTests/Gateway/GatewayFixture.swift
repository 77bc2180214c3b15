import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

extension Configuration {
  /// With the upstream that the environment names.
  static func gateway(to upstream: FakeUpstream, _ change: (inout Configuration) -> Void = { _ in }) -> Configuration {
    var configuration = Configuration()
    configuration.gateway.openAIBaseURL = upstream.baseURL
    configuration.gateway.openAIKey = "sk-upstream"
    change(&configuration)
    return configuration
  }
}

enum Chat {
  static let path = "/v1/chat/completions"

  /// White space and order as no encoder would have them.
  static let request = #"{ "model":"gpt-4o-mini",  "messages":[{"role":"user","content":"Hi \ud83d"}], "x":1.10 }"#

  static let streaming = #"{"stream":true,"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi"}]}"#

  static let wholeStream = (FakeUpstream.streamBeginning + [FakeUpstream.streamFinish, FakeUpstream.streamDone])
    .joined()
}

extension TestAPI {
  /// The exchanges of the conversation that an answer names.
  func recorded(_ answer: Answer) async throws -> [JSONSlice] { try await recorded(answer.fields) }

  func recorded(_ fields: HTTPFields) async throws -> [JSONSlice] {
    let conversation = try #require(fields["X-Conversation-Id"])
    let page = try await get("/api/chat/\(conversation)/messages")
    return page.json["data"].map { Array($0.elements) } ?? []
  }

  /// Makes a channel with these fields of JSON, as an administrator does.
  func makeChannel(_ fields: String) async throws {
    let made = try await post(
      "/api/admin/channels", #"{"name":"main",\#(fields)}"#, fields: .key(try await makeAdminKey()))
    try #require(made.status == 200, "\(made.text)")
  }

  /// Sends a call over a connection of its own and returns once the answer has begun.
  func open(_ body: String, fields: HTTPFields = [:]) async throws -> IncomingAnswer {
    var fields = fields
    fields["Content-Type"] = "application/json"
    return try await HTTPClient().open(
      OutgoingRequest(method: "POST", url: url + Chat.path, fields: fields, body: Array(body.utf8)))
  }

  /// Returns when the server has noticed that no client is there any more.
  func becomeAlone() async throws {
    // A counter has no event to wait for, so it is looked at.
    while openConnections() > 0 { try await Task.sleep(for: .milliseconds(5)) }
  }

  /// The failed exchanges of all, newest first.
  func failures() async throws -> [JSONSlice] {
    let page = try await get("/api/v1/errors")
    try #require(page.status == 200, "\(page.text)")
    return page.json["errors"].map { Array($0.elements) } ?? []
  }
}

extension JSONSlice {
  func text(_ name: String) -> String? { self[name]?.string?.string }
}

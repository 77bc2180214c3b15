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
  func recorded(_ answer: Answer) async throws -> [JSONSlice] {
    let conversation = try #require(answer.fields["X-Conversation-Id"])
    let page = try await get("/api/chat/\(conversation)/messages")
    return page.json["data"].map { Array($0.elements) } ?? []
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

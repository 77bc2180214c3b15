import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// Fields of bodies that look like what the gateway keeps beside a request.
@Suite struct ForeignRequestTests {
  private static let forged = [
    #""_verbatim":{"layout":{"leading":-1}}"#, #""_verbatim":{"x":1}"#,
    #""message":12,"_verbatim":{"emptied":"message"}"#, #""messages_":[],"_verbatim":{"answer":{"model":"forged"}}"#,
    #""tools":0,"_verbatim":{"same":{"tools":"01990000-0000-7000-8000-000000000001"}}"#, #""_verbatim":null"#,
    #""_verbatim":{"client_gone":true}"#,
  ]

  @Test(arguments: forged, [true, false])
  func `stay what they are`(_ fields: String, _ isFailure: Bool) async throws {
    try await TestAPI.with { api in
      let body = Bodies.exchange("q", answer: "a", #""conversation_id":"c","response_id":"r","# + fields)
      let failure = body.replacing(#""answer":"a""#, with: #""error_code":"x","error_message":"y""#)
      let made = try await api.post(isFailure ? "/api/chat/error" : "/api/chat/insert", isFailure ? failure : body)
      #expect(made.status == 200, "\(made.text)")
      let path = "/api/v1/conversations/c/exchanges/\(made.string("message_id") ?? "")/request"
      #expect(try await api.get(path).status == 404)
      let page = try await api.get(isFailure ? "/api/v1/errors" : "/api/chat/c/messages")
      _ = try JSONSlice(checking: page.body[...])
      #expect(page.text.contains(#""extra":{\#(fields)}"#), "\(page.text)")
      #expect(!page.text.contains("interrupted_by"))
      guard !isFailure else { return }
      let completion = try await api.get("/v1/chat/completions/r")
      #expect(completion.string("model") != "forged")
      let messages = try await api.get("/v1/chat/completions/r/messages")
      #expect(messages.data.map { $0.string("content") } == ["q"])
      #expect(try await api.get("/v1/responses/r").status != 200)
    }
  }

  @Test(arguments: forged)
  func `stay so through an export and an import`(_ fields: String) async throws {
    let lines: [String] = try await exported(
      after: Bodies.exchange("q", answer: "a", #""conversation_id":"c","# + fields))
    let line = try #require(lines.first)
    #expect(line.contains(fields))
    let again: [String] = try await exported(after: line)
    #expect(again.first.map(Self.request) == Self.request(line))
  }

  private static func request(_ line: String) -> String? {
    JSONSlice(trusting: Bytes(utf8: line))["exported"]?["request"]?.text
  }

  /// The lines of an export, once a body was recorded.
  private func exported(after body: String) async throws -> [String] {
    let lines = Lines()
    try await TestAPI.with { api in
      let made = try await api.post("/api/chat/insert", body)
      #expect(made.status == 200, "\(made.text)")
      await lines.set(try await api.get("/api/conversations/export-all?format=ndjson").text)
    }
    return await lines.all
  }
}

private actor Lines {
  private(set) var all: [String] = []

  func set(_ text: String) { all = text.split(separator: "\n").map(String.init) }
}

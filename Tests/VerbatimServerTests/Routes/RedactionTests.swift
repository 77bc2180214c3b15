import Foundation
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct RedactionTests {
  @Test(arguments: Transport.allCases)
  func `what is read back is what was recorded, without sensitive values`(_ transport: Transport) async throws {
    var configuration = Configuration()
    configuration.redaction.standard = .mask
    try await TestAPI.with(transport, configuration: configuration) { api in
      let body = Bodies.exchange(
        "call 13800138000", answer: "I shall", #""conversation_id":"c","metadata":{"mail":"alice\u0040example.com"}"#)
      let answer = try await api.post("/api/chat/insert", body)
      #expect(answer.status == 200)
      #expect(!answer.text.contains("["))
      let page = try await api.get("/api/chat/c/messages")
      let stored = try #require(page.data.first)
      #expect(stored.string("query") == "call [phone]")
      #expect(stored["metadata"]?.bytes.string == #"{"mail":"[email]"}"#)
      #expect(!page.text.contains("13800138000"))
      let conversation = try await api.get("/api/chat/c")
      #expect(conversation.string("name") == "call [phone]")
    }
  }

  @Test func `settings of redaction are read`() throws {
    let configuration = try ConfigurationSources(environment: [
      "REDACTION": "mask", "REDACTION_APPS": "a=off, b=hash", "REDACTION_KEY": "0123456789abcdef",
    ]).load()
    #expect(configuration.redaction.mode(of: "a") == .off)
    #expect(configuration.redaction.mode(of: "b") == .hash)
    #expect(configuration.redaction.mode(of: "c") == .mask)
    #expect(configuration.store(log: .silent).redaction.key == Array("0123456789abcdef".utf8))
    #expect(!configuration.summary.contains { $0.value.contains("0123456789abcdef") })
  }

  @Test(arguments: [
    ("REDACTION_APPS", "a"), ("REDACTION_APPS", "a=some"), ("REDACTION_APPS", "a=off,a=mask"), ("REDACTION", "yes"),
    ("REDACTION_KEY", "short secret"), ("REDACTION_RULES", "/nowhere/rules.json"),
  ])
  func `a setting of redaction that cannot be right is refused`(name: String, value: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try ConfigurationSources(environment: [name: value]).load() }
    let text = try #require(error).description
    #expect(text.hasPrefix(name + "="))
    #expect(!text.contains("short secret"))
  }

  @Test func `own rules are read from a file`() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("rules.json")
    try #"[{"name":"employee","pattern":"E[0-9]{6}"}]"#.write(toFile: path, atomically: true, encoding: .utf8)
    let configuration = try ConfigurationSources(environment: ["REDACTION_RULES": path]).load()
    #expect(configuration.redaction.rules.map(\.name) == ["employee"])
    try #"[{"name":"employee","pattern":"E[0-9"}]"#.write(toFile: path, atomically: true, encoding: .utf8)
    let error = #expect(throws: ConfigurationError.self) {
      try ConfigurationSources(environment: ["REDACTION_RULES": path]).load()
    }
    #expect(try #require(error).description.contains("the pattern of employee is no regular expression"))
  }
}

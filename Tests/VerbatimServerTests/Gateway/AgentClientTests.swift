import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Clients that people use, each in a conversation of several turns with a tool.
@Suite struct AgentClientTests {
  private static let python =
    ProcessInfo.processInfo.environment["VERBATIM_TEST_PYTHON"] ?? Fixtures.project + "/.venv/bin/python"

  /// With litellm, which is too large to be installed for its test alone.
  private static let liteLLMPython = ProcessInfo.processInfo.environment["VERBATIM_TEST_LITELLM_PYTHON"]

  enum Client: String, CaseIterable, CustomTestStringConvertible {
    case openAI, openAIAsync, openAIHelper, langChain, liteLLM, llm, curl

    static let available = allCases.filter { $0 != .liteLLM || liteLLMPython != nil }

    var testDescription: String { rawValue }

    /// The program and its arguments.
    func command(_ url: String, _ key: String) -> (program: String, arguments: [String]) {
      func script(_ name: String) -> String { Fixtures.path("gateway/" + name) }
      let openAI = [script("openai_agent.py"), url, key]
      switch self {
      case .openAI: return (python, openAI + ["sync"])
      case .openAIAsync: return (python, openAI + ["async"])
      case .openAIHelper: return (python, openAI + ["helper"])
      case .langChain: return (python, [script("langchain_agent.py"), url, key])
      case .liteLLM: return (liteLLMPython ?? python, [script("litellm_agent.py"), url, key])
      case .llm:
        let folder = URL(fileURLWithPath: python).deletingLastPathComponent()
        return ("/bin/sh", [script("llm_agent.sh"), url, key, folder.appendingPathComponent("llm").path])
      case .curl: return ("/bin/sh", [script("curl_agent.sh"), url, key])
      }
    }
  }

  @Test(arguments: Client.available)
  func `a conversation with tools is one in history, byte for byte as it went over the wire`(
    _ client: Client
  ) async throws {
    let upstream = try AgentUpstream.start()
    try await TestAPI.with(.socket, configuration: .withKeys) { api in
      try await api.makeChannel(#""base_url":"\#(upstream.baseURL)","models":["*"],"include_usage":"off""#)
      let key = try await api.makeKey()
      let (program, arguments) = client.command(api.url + "/v1", key)
      let outcome = try await SpawnedCommand.run(
        arguments, executable: program, in: TemporaryFolder(),
        environment: ["PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1", "LANG": "C.UTF-8"])
      try #require(outcome.code == 0, "\(outcome.output) \(outcome.errors)")

      let list = try await api.get("/api/v1/conversations", fields: .key(key))
      let conversations = list.json["conversations"].map { Array($0.elements) } ?? []
      try #require(conversations.count == 1, "\(list.text)")
      let conversation = try #require(conversations[0].text("id"))
      let page = try await api.get("/api/chat/\(conversation)/messages", fields: .key(key))
      let exchanges = page.json["data"].map { Array($0.elements) } ?? []
      let answers = [AgentUpstream.greeting, "", AgentUpstream.weather, AgentUpstream.greeting]
      #expect(exchanges.map { $0.text("answer") } == answers)
      // The system message, three questions, the tool's answer, and four answers.
      let stored = try #require(try await api.store.conversation(conversation, within: .account(Account.standard)))
      #expect(stored.messageCount == 9)

      var bodies: [String] = []
      for exchange in exchanges {
        let id = try #require(exchange.text("id"))
        let path = "/api/v1/conversations/\(conversation)/exchanges/\(id)/request"
        bodies.append(try await api.get(path, fields: .key(key)).text)
      }
      #expect(bodies == upstream.requests.map(\.body))
    }
  }
}

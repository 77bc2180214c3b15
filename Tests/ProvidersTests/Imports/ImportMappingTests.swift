import Foundation
import Testing
import VerbatimModel

@testable import Providers

@Suite struct ImportMappingTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fixtures/imports").path

  /// What a file comes to.
  private struct Outcome {
    var exchanges: [NewExchange] = []
    var keys: [ImportedExchange.Key] = []
    var refusals: [(number: Int, reason: String)] = []

    /// `question>answer` of each.
    var dialogues: [String] {
      exchanges.map { exchange in
        let asked = exchange.messages.map { "\($0.role): \($0.content?.string ?? "-")" }
        let said = exchange.choices.map { $0.content?.string ?? "-" }
        return asked.joined(separator: " | ") + " > " + said.joined(separator: " / ")
      }
    }
  }

  private func elements(_ name: String) throws -> [JSONSlice] {
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
    var splitter = JSONStreamSplitter(name.hasSuffix(".jsonl") ? .lines : .array)
    splitter.push(bytes)
    splitter.finish()
    var elements: [JSONSlice] = []
    while let event = splitter.next() {
      if case .element(let json, _, _) = event { elements.append(try JSONSlice(checking: json)) }
    }
    return elements
  }

  private func outcome(_ name: String, _ format: ImportFormat) throws -> Outcome {
    let elements = try elements(name)
    #expect(elements.first.map(ImportFormat.init(ofFirst:)) == format)
    let owner = ImportOwner(appID: "app", userID: "user")
    let found = format.mapping(owner: owner) { bytes in "\(bytes.count)" }
    var mapping = try #require(found)
    var outcome = Outcome()
    for (index, element) in elements.enumerated() {
      do throws(InvalidExchange) {
        for imported in try mapping.exchanges(of: element, number: index + 1) {
          outcome.exchanges.append(try ExchangeBody.parse(imported.body, kind: .insert, defaults: IngestDefaults()))
          outcome.keys.append(imported.key)
        }
      } catch {
        outcome.refusals.append((index + 1, error.description))
      }
    }
    outcome.refusals += mapping.leftovers()
    return outcome
  }

  @Test func `ShareGPT's turns become exchanges of their conversation`() throws {
    let outcome = try outcome("sharegpt.json", .sharegpt)
    #expect(outcome.exchanges.count == 1_000 && outcome.refusals.isEmpty)
    #expect(Set(outcome.exchanges.map(\.conversationID)).count == 500)
    #expect(outcome.exchanges[0].conversationID == "sharegpt:identity_0")
    #expect(
      outcome.dialogues[1] == "user: Have a nice day! > You too!" && outcome.keys[..<2] == [.place(0), .place(1)])
  }

  @Test(
    arguments: [
      #"{"conversations":[]}"#, #"{"conversations":[{"from":"human"}]}"#, #"{"conversations":[1]}"#,
      #"{"conversations":[{"from":"critic","value":"x"}]}"#, #"{"conversations":[{"from":"human","value":null}]}"#,
    ])
  func `ShareGPT's broken turns are refused by name`(_ json: String) throws {
    let mapping = ShareGPTMapping(owner: ImportOwner(appID: "a", userID: "u"), digest: { _ in "d" })
    let element = try JSONSlice(checking: Bytes(utf8: json))
    let error = #expect(throws: InvalidExchange.self) { try mapping.exchanges(of: element, number: 1) }
    #expect(error?.description.hasPrefix("conversations") == true)
  }

  @Test func `empty texts, further fields and names of other speakers stay`() throws {
    let mapping = ShareGPTMapping(owner: ImportOwner(appID: "a", userID: "u"), digest: { _ in "d" })
    let json = #"""
      {"system":"S","tools":"[{\"name\":\"f\"}]","conversations":[{"from":"human","value":""},\#
      {"from":"function_call","value":"{}","weight":0},{"from":"observation","value":"1\ud800"},\#
      {"from":"gpt","value":"two"}]}
      """#
    let imported = try mapping.exchanges(of: JSONSlice(checking: Bytes(utf8: json)), number: 1)
    let exchanges = try imported.map { try ExchangeBody.parse($0.body, kind: .insert, defaults: IngestDefaults()) }
    #expect(exchanges.map { $0.messages.map(\.role) } == [["system", "user"], ["tool"]])
    #expect(exchanges[0].messages[1].content?.string.isEmpty == true)
    #expect(exchanges[0].choices[0].raw?.string == #"{"role":"assistant","content":"{}","weight":0}"#)
    #expect(exchanges[1].messages[0].raw?.string == #"{"role":"tool","content":"1\ud800"}"#)
    #expect(exchanges[1].request?.string == #"{"tools":[{"name":"f"}]}"#)
    #expect(exchanges.map(\.conversationID) == ["sharegpt:d", "sharegpt:d"])
  }

  @Test func `every branch of ChatGPT's tree is kept`() throws {
    let outcome = try outcome("chatgpt.json", .chatgpt)
    #expect(
      outcome.dialogues == [
        "user: 帮我写一首关于雨的诗 > 雨落屋檐。",
        "user: Now in English > ",
        "user: 帮我写一首关于雨的诗 > 细雨如丝。",
        "user: And what is on this picture? > I see no picture.",
        "user: What is on this picture? > print(1 + 1)",
        "tool: 2 | assistant: A cat, then. > A cat 🐱.",
        "user: Hello\u{FFFD}? > Hi!",
      ])
    #expect(outcome.refusals.map(\.number) == [3])
    let places = outcome.exchanges.map { JSONSlice(trusting: $0.metadata ?? [])["chatgpt"] }
    let parents = places.map { $0?["parent_id"]?.bytes.string }
    #expect(parents == ["null", "\"a1\"", "null", "\"a2\"", "\"a2\"", "\"code\"", "null"])
    let current = places.map { $0?["is_current"]?.boolean }
    #expect(current == [false, false, true, false, true, true, true])
    #expect(Set(outcome.keys.map { "\($0)" }).count == 7)
    let first = outcome.exchanges[0]
    #expect(first.createdAt == 1_718_960_000_250 && first.modelName == "gpt-4o" && first.finishReason == "stop")
    #expect(first.conversationName == "雨的诗" && first.modelProvider == "openai")
    let picture = try #require(outcome.exchanges[4].messages[0].raw).string
    #expect(picture.contains("file-service://file-abc") && picture.contains(#""attachments":[{"id": "file-abc""#))
    #expect(outcome.exchanges[5].messages[0].name == "python")
    #expect(outcome.exchanges[6].createdAt == 1_700_000_000_000)
  }

  @Test func `a tree of ten thousand levels, and one that bites its tail, are walked once`() throws {
    let mapping = ChatGPTMapping(owner: ImportOwner(appID: "a", userID: "u"))
    func node(_ number: Int, _ child: Int) -> String {
      let role = number % 2 == 0 ? "user" : "assistant"
      let content = #"{"content_type":"text","parts":["\#(number)"]}"#
      let message = #"{"id":"\#(number)","author":{"role":"\#(role)"},"content":\#(content)}"#
      let parent = number == 0 ? "null" : "\"\(number - 1)\""
      return #""\#(number)":{"parent":\#(parent),"children":["\#(child)"],"message":\#(message)}"#
    }
    let nodes = (0..<10_000).map { node($0, $0 + 1) } + [node(10_000, 0)]
    let json = #"{"id":"c","mapping":{\#(nodes.joined(separator: ","))}}"#
    let exchanges = try mapping.exchanges(of: JSONSlice(checking: Bytes(utf8: json)), number: 1)
    // The last question leads back to the first.
    #expect(exchanges.count == 5_001)
  }

  @Test func `nodes that their parent does not name, and those that go in a circle, are taken, too`() throws {
    let mapping = ChatGPTMapping(owner: ImportOwner(appID: "a", userID: "u"))
    func node(_ name: String, _ role: String, parent: String?, _ children: [String]) -> String {
      let message =
        #"{"id":"\#(name)","author":{"role":"\#(role)"},"content":{"content_type":"text","parts":["\#(name)"]}}"#
      let parent = parent.map { "\"\($0)\"" } ?? "null"
      return #""\#(name)":{"parent":\#(parent),"children":\#(children),"message":\#(message)}"#
    }
    let nodes = [
      node("q1", "user", parent: nil, ["a1"]), node("a1", "assistant", parent: "q1", ["gone"]),
      node("q2", "user", parent: "a1", []), node("a2", "assistant", parent: "q2", []),
      node("c1", "user", parent: "c2", ["c2"]), node("c2", "assistant", parent: "c1", ["c1"]),
    ]
    let json = #"{"id":"c","mapping":{\#(nodes.joined(separator: ","))}}"#
    let exchanges = try mapping.exchanges(of: JSONSlice(checking: Bytes(utf8: json)), number: 1)
    #expect(exchanges.map { "\($0.key)" } == ["a1", "a2", "c2"].map { "\(ImportedExchange.Key.id("c-\($0)"))" })
  }

  @Test func `OpenAI's conversations, batches and calls become exchanges`() throws {
    let outcome = try outcome("openai.jsonl", .openai)
    #expect(
      outcome.dialogues == [
        "system: You are a weather clerk. | user: Paris? > -",
        "tool: 18 °C > 18 °C, cloudy.",
        "user: Say goodbye. > ",
        "user: Say hello. > Hello. / Hi.",
        "user: 2 + 2? > 4",
      ])
    #expect(outcome.refusals.map(\.number) == [8, 4])
    let (tools, failed, answered) = (outcome.exchanges[0], outcome.exchanges[2], outcome.exchanges[3])
    #expect(tools.choices[0].toolCalls != nil && tools.request?.string.contains("parallel_tool_calls") == true)
    #expect(failed.failure?.code == "batch_expired")
    #expect(answered.modelName == "gpt-4o-mini-2024-07-18" && answered.promptTokens == 22)
    #expect(answered.responseID == "chatcmpl-1" && answered.systemFingerprint == "fp_1")
    #expect(answered.createdAt == 1_711_652_795_000 && answered.request?.string.contains("max_tokens") == true)
    #expect(outcome.keys.suffix(3) == [.id("batch_req_2"), .id("batch_req_1"), .place(0)])
  }

  @Test func `what llm has logged becomes exchanges with their tools and attachments`() throws {
    let outcome = try outcome("llm.json", .llm)
    #expect(
      outcome.dialogues == [
        "system: Be brief | user: Names for a pelican > Percy, 佩利",
        "user: Fragment text\nDescribe > A pelican on a pier.",
        "user: What is the time? > -",
        "tool: {\"utc\": \"08:00\"} > It is eight.",
      ])
    #expect(outcome.refusals.map(\.number) == [5])
    let (first, second, third) = (outcome.exchanges[0], outcome.exchanges[1], outcome.exchanges[2])
    #expect(first.latency == .seconds(0.556) && first.createdAt == 1_735_821_000_158 && first.completionTokens == 4)
    #expect(first.conversationName == "Names for a pelican" && first.request?.string.contains("0.5") == true)
    #expect(second.attachments.map(\.url) == ["https://static.example.com/pelican.jpg"])
    #expect(second.usage?.string.contains(#""details":{"cached": 1}"#) == true)
    let calls = third.choices[0].toolCalls?.string ?? ""
    #expect(calls.hasPrefix(#"[{"id":"call_9","type":"function","function":{"name":"llm_time","arguments":"{"#))
  }

  @Test func `LiteLLM's rows become exchanges with what they cost`() throws {
    let outcome = try outcome("litellm.json", .litellm)
    #expect(
      outcome.dialogues == [
        "user: Hello > Hi there", "user: As text > Yes", "user: Hello > ", "user: From the request > Hi there",
      ])
    #expect(outcome.refusals.map(\.number) == [5])
    #expect(outcome.refusals[0].reason.contains("store_prompts_in_spend_logs"))
    let first = outcome.exchanges[0]
    #expect(first.userID == "palantir" && first.modelProvider == "openai" && first.conversationID == "litellm:s-1")
    #expect(first.totalPrice == 29 && first.latency == .seconds(1.25) && first.totalTokens == 30)
    #expect(first.createdAt == 1_736_937_000_123)
    #expect(first.metadata?.string.contains(#""user_api_key_alias":"#) == true)
    #expect(outcome.exchanges[1].userID == "default_user_id" && outcome.exchanges[1].finishReason == "length")
    #expect(outcome.exchanges[2].failure == NewExchange.Failure(code: "429", message: "Rate limit reached"))
    #expect(outcome.exchanges[3].request?.string.contains("0.2") == true)
  }
}

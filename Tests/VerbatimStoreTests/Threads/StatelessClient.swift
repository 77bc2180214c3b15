import Testing
import VerbatimModel

@testable import VerbatimStore

/// A client that sends the whole conversation with every request, as those of chat completions do.
struct StatelessClient: Sendable {
  /// How it writes JSON.
  enum Style: CaseIterable, Sendable {
    /// Without white space.
    case compact
    /// The official Python library: without white space, nulls and what answers have besides left out.
    case openAIPython
    /// Python's `json.dumps`.
    case pythonDefault
    /// Keys in another order, a text as a list of parts.
    case parts
    case indented
  }

  struct Sent: Sendable {
    let body: String
    let conversation: String
    let exchange: UUIDv7
  }

  private let store: Store
  private let account: String
  private let app: String
  private let user: String
  private let style: Style
  private var messages: [String] = []
  /// What its requests have beside their messages: fields of JSON.
  var parameters = #""temperature":1e0"#
  private(set) var sent: [Sent] = []

  init(
    _ store: Store, account: String = "a", app: String = "app", user: String = "user", style: Style = .compact
  ) {
    self.store = store
    self.account = account
    self.app = app
    self.user = user
    self.style = style
  }

  var conversations: Set<String> { Set(sent.map(\.conversation)) }

  static func call(_ number: Int) -> String {
    #"{"role":"assistant","content":null,"tool_calls":[{"id":"call_\#(number)","type":"function","function":"#
      + #"{"name":"get_weather","arguments":"{\"city\": \"Paris\", \"day\": \#(number)}"}}]}"#
  }

  mutating func add(_ message: String) { messages.append(message) }

  /// `answer`: a text, or a message's JSON.
  mutating func say(_ question: String, answer: String) async throws {
    var writer = JSONWriter()
    writer.message(.text("user", question))
    add(String(decoding: writer.bytes, as: UTF8.self))
    try await send(answer: answer)
  }

  mutating func send(answer: String) async throws {
    var writer = JSONWriter()
    if answer.hasPrefix("{") { writer.raw(Bytes(utf8: answer)) } else { writer.message(.text("assistant", answer)) }
    let choice = try #require(Message(json: JSONSlice(trusting: writer.bytes[...])))
    sent.append(try await record { $0.choices = [choice] })
    add(String(decoding: writer.bytes, as: UTF8.self))
  }

  /// The exchange of a question that was not answered; it is not asked again.
  func fail(_ question: String) async throws -> Sent {
    var client = self
    var writer = JSONWriter()
    writer.message(.text("user", question))
    client.add(String(decoding: writer.bytes, as: UTF8.self))
    return try await client.record { $0.failure = NewExchange.Failure(code: "500", message: "no") }
  }

  private func record(_ finish: (inout NewExchange) -> Void) async throws -> Sent {
    let elements = messages.map { Bytes(utf8: written($0)) }
    let separator = style == .pythonDefault ? ", " : style == .indented ? ",\n    " : ","
    let (open, close) = style == .indented ? ("[\n    ", "\n  ]") : ("[", "]")
    let head = style == .pythonDefault ? #"{"model": "m", "messages": "# : #"{"model":"m","messages":"#
    let inside = elements.map(\.string).joined(separator: separator)
    let body = head + open + inside + close + ",\(parameters)}"
    let document = try JSONSlice(checking: Bytes(utf8: body))
    let array = try #require(document["messages"]?.bytes)
    let place = array.startIndex + 1..<array.endIndex - 1
    let slices = JSONSlice(trusting: array).elements.map { $0 }
    let request = ThreadedRequest(
      call: "chat", messages: slices.compactMap { Message(json: $0) }, elements: slices.map(\.bytes),
      inside: document.bytes[place])
    let found = try await store.thread(of: request, account: account, app: app, user: user, conversation: nil)
    var exchange = NewExchange(
      appID: app, userID: user, conversationID: found.conversationID, modelProvider: "openai", modelName: "m",
      messages: request.messages, choices: [])
    exchange.request = KeptRequest(body: document.bytes, messages: ("messages", place)).stored
    exchange.thread = found.place
    finish(&exchange)
    let receipt = try await store.append(exchange, account: account)
    return Sent(body: body, conversation: receipt.conversationID, exchange: receipt.exchangeID)
  }

  /// Every request is read back as it was sent; `redacted`: what of it was to be kept.
  func expectBodies(_ redacted: (String) -> String = { $0 }) async throws {
    for sent in sent {
      let body = try await store.requestBody(
        of: sent.exchange, in: sent.conversation, within: .account(account))
      #expect(body?.string == redacted(sent.body))
    }
  }

  private func written(_ message: String) -> String {
    switch style {
    case .compact: message
    case .openAIPython: message.replacing(#","refusal":null,"annotations":[]"#, with: "")
    case .indented: message.replacing(#"":""#, with: #"": ""#)
    case .pythonDefault: asPython(message)
    case .parts: asParts(message)
    }
  }

  private func asPython(_ message: String) -> String {
    var written = ""
    var (isInString, isEscaped) = (false, false)
    for scalar in message.unicodeScalars {
      written += scalar.value < 0x80 ? String(scalar) : escaped(scalar)
      if isEscaped {
        isEscaped = false
      } else if scalar == "\"" {
        isInString.toggle()
      } else if isInString {
        isEscaped = scalar == "\\"
      } else if scalar == ":" || scalar == "," {
        written += " "
      }
    }
    return written
  }

  private func escaped(_ scalar: Unicode.Scalar) -> String {
    String(scalar).utf16.map { unit in
      let digits = String(unit, radix: 16)
      return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }.joined()
  }

  private func asParts(_ message: String) -> String {
    let json = JSONSlice(trusting: Bytes(utf8: message))
    guard let role = json["role"]?.bytes.string, let content = json["content"], content.kind == .string,
      json["tool_calls"] == nil, json["tool_call_id"] == nil
    else { return message }
    return #"{"content":[{"text":\#(content.bytes.string),"type":"text"}],"role":\#(role)}"#
  }
}

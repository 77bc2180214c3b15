import Testing

@testable import VerbatimModel

@Suite struct IngestLimitTests {
  @Test(arguments: [
    ("app_id", 64), ("user_id", 64), ("conversation_id", 255), ("client_message_id", 64), ("idempotency_key", 128),
    ("model_provider", 64), ("model_id", 128), ("finish_reason", 255), ("system_fingerprint", 255),
  ])
  func `Texts are taken up to their limit and refused one beyond`(field: String, limit: Int) {
    for character in ["x", "你", "😀", #"\n"#, #"\ud83d\ude00"#] {
      let longest = String(repeating: character, count: limit)
      #expect(failure(of: body(with: "\"\(field)\":\"\(longest)\"")) == nil)
      let beyond = failure(of: body(with: "\"\(field)\":\"\(longest)\(character)\""))
      #expect(beyond == .tooLong(field, limit: limit))
      #expect(beyond?.description == "\(field) is longer than \(limit) characters")
    }
  }

  @Test(arguments: ["inputs", "metadata", "usage"])
  func `Objects are bounded by their bytes`(field: String) {
    func object(_ size: Int) -> String { #"{"k":"\#(String(repeating: "x", count: size - 8))"}"# }
    #expect(failure(of: body(with: "\"\(field)\":\(object(1 << 20))")) == nil)
    let beyond = failure(of: body(with: "\"\(field)\":\(object(1 << 20 + 1))"))
    #expect(beyond?.description == "\(field) is larger than 1048576 bytes")
  }

  @Test func `A price is bounded, and the error says by what`() throws {
    #expect(try parse(with: "\"total_price\":1000000").totalPrice == IngestLimits.price)
    let beyond = failure(of: body(with: "\"total_price\":1000000.5"))
    #expect(beyond?.description == "total_price must be a number from 0.0 to 1000000.0")
  }

  @Test func `Messages are bounded by number`() throws {
    func body(_ count: Int) -> String {
      let messages = Array(repeating: #"{"role":"user","content":"x"}"#, count: count).joined(separator: ",")
      return #"{"app_id":"a","user_id":"u","answer":"r","messages":[\#(messages)]}"#
    }
    #expect(try parse(body(10_000)).messages.count == 10_000)
    #expect(failure(of: body(10_001))?.description == "messages has more than 10000 items")
  }

  @Test func `A message's name is bounded`() {
    func body(_ name: String) -> String {
      #"{"app_id":"a","user_id":"u","answer":"r","messages":[{"role":"user","content":"x","name":"\#(name)"}]}"#
    }
    #expect(failure(of: body(String(repeating: "n", count: 255))) == nil)
    let beyond = failure(of: body(String(repeating: "n", count: 256)))
    #expect(beyond?.description == "messages[0].name is longer than 255 characters")
  }

  @Test func `Files are bounded by number`() throws {
    func files(_ count: Int) -> String {
      "\"files\":[" + Array(repeating: #"{"url":"/x"}"#, count: count).joined(separator: ",") + "]"
    }
    #expect(try parse(with: files(100)).attachments.count == 100)
    #expect(failure(of: body(with: files(101)))?.description == "files has more than 100 items")
  }

  @Test func `A message of 10 MB is taken whole`() throws {
    let text = String(repeating: "十兆字节。", count: 700_000)
    let exchange = try parse(#"{"app_id":"a","user_id":"u","query":"\#(text)","answer":"r"}"#)
    #expect(exchange.messages[0].content == Bytes(utf8: text))
  }

  @Test func `Depth is bounded in a body`() {
    func nested(_ depth: Int) -> String {
      "\"x\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(failure(of: body(with: nested(511))) == nil)
    guard case .malformed(_, "nested too deep") = failure(of: body(with: nested(512))) else {
      Issue.record("depth 513 was taken")
      return
    }
  }
}

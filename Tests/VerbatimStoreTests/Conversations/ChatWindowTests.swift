import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct ChatWindowTests {
  private func message(_ text: String, at time: Int64, role: String = "user") -> StoredMessage {
    let message = Message(role: role, content: Bytes(utf8: text), contentKind: .text)
    return StoredMessage(id: UUIDv7.lowest(at: time), message: message, createdAt: time)
  }

  /// The texts of those that are told, of messages that come oldest first.
  private func told(_ messages: [StoredMessage], now: Int64, _ change: (inout ChatLimits) -> Void) -> [String] {
    var limits = ChatLimits()
    change(&limits)
    var window = ChatWindow(limits, now: now)
    for message in messages.reversed() where !window.take(message) { break }
    return window.messages.map { $0.message.content?.string ?? "" }
  }

  @Test func `the newest that fit are told`() {
    let messages = (1...9).map { message("word \($0)", at: Int64($0)) }
    #expect(told(messages, now: 10) { $0.messages = 2 } == ["word 8", "word 9"])
    #expect(told(messages, now: 10) { $0.messages = 0 }.isEmpty)
    #expect(told(messages, now: 10) { $0.tokens = 3 } == ["word 7", "word 8", "word 9"])
  }

  @Test func `digits and other scripts count by their bytes`() {
    let messages = [message("old", at: 1), message(String(repeating: "7", count: 800), at: 2), message("new", at: 3)]
    #expect(told(messages, now: 4) { $0.tokens = 50 } == ["new"])
  }

  @Test func `nothing is told from before a pause in which the session expired`() {
    let messages = [message("a", at: 0), message("b", at: 99), message("c", at: 199), message("d", at: 250)]
    #expect(told(messages, now: 300) { $0.idleTime = 100 } == ["c", "d"])
    #expect(told(messages, now: 350) { $0.idleTime = 100 }.isEmpty)
    #expect(told(messages, now: 350) { $0.idleTime = nil } == ["a", "b", "c", "d"])
  }

  @Test func `an answer of a tool whose call is not told is not told either`() {
    var call = message("", at: 2, role: "assistant")
    call = StoredMessage(
      id: call.id,
      message: Message(
        role: "assistant", content: nil, contentKind: .none,
        toolCalls: Bytes(utf8: #"[{"id":"x"},{"id":"y"}]"#)), createdAt: 2)
    func answer(_ id: String, at time: Int64) -> StoredMessage {
      let message = Message(role: "tool", content: Bytes(utf8: id), contentKind: .text, toolCallID: id)
      return StoredMessage(id: UUIDv7.lowest(at: time), message: message, createdAt: time)
    }
    let whole = [message("q", at: 1), call, answer("x", at: 3), answer("y", at: 4), message("r", at: 5)]
    #expect(told(whole, now: 6) { _ in } == ["q", "", "x", "y", "r"])
    #expect(told(whole, now: 6) { $0.messages = 3 } == ["r"])
    #expect(told([message("q", at: 1), call, answer("x", at: 3)], now: 6) { _ in } == ["q"])
  }
}

import Testing
import VerbatimModel

@testable import Providers

@Suite struct CaptureTests {
  private let request: ChatRequest
  private let streamed: ChatRequest

  init() throws {
    request = try ChatRequest(parsing: Bytes(utf8: #"{"model":"m","messages":[]}"#))
    streamed = try ChatRequest(parsing: Bytes(utf8: #"{"model":"m","messages":[],"stream":true}"#))
  }

  private func replay(
    _ text: String, status: Int = 200, contentType: String? = "application/json", ending: AnswerEnding = .whole
  ) -> Replay {
    Replay([Bytes(utf8: text)], of: request, status: status, contentType: contentType, ending: ending)
  }

  private static let completion =
    #"{"id":"c","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":1,"message":{"role":"assistant","#
    + #""content":"b"},"finish_reason":"length"},{"index":0,"message":{"role":"assistant","content":"a","refusal":null},"#
    + #""finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#

  @Test func `an answer in one piece is held whole and recorded`() {
    let replay = replay(Self.completion)
    #expect(replay.released.isEmpty)
    #expect(String(decoding: replay.held, as: UTF8.self) == Self.completion)
    #expect(replay.exchange.choices.map { $0.content?.string } == ["a", "b"])
    #expect(replay.exchange.choices.first?.raw != nil)
    #expect(replay.exchange.finishReason == "stop")
    #expect(replay.exchange.responseID == "c")
    #expect(replay.exchange.totalTokens == 3)
    #expect(replay.exchange.failure == nil)
  }

  @Test func `a stream is known by its bytes where its head does not say so`() throws {
    let fixture = try StreamFixture("openai-text-usage")
    for contentType in [nil, "text/plain"] {
      let replay = Replay([fixture.bytes[..<1], fixture.bytes[1...]], of: streamed, contentType: contentType)
      #expect(replay.exchange.choices.count == 1)
      #expect(replay.exchange.failure == nil)
    }
  }

  @Test(arguments: [
    (#"{"error":{"message":"no","type":"invalid_request_error","code":"no_model"}}"#, 404, "no_model", "no"),
    (#"{"error":{"message":"slow down","type":"rate_limit","code":null}}"#, 429, "rate_limit", "slow down"),
    (#"{"error":{"message":"x","code":400}}"#, 200, "400", "x"),
    (#"{"error":"plain"}"#, 500, "500", "plain"),
    (#"{"message":"bad gateway"}"#, 502, "502", "bad gateway"),
    ("<html>Bad Gateway</html>", 502, "502", "<html>Bad Gateway</html>"),
    ("<html>Welcome</html>", 200, CaptureFailure.invalid, "<html>Welcome</html>"),
    ("", 200, CaptureFailure.invalid, ""),
    (#"{"choices":[]}"#, 200, CaptureFailure.invalid, "the answer has no choices"),
  ])
  func `what is no answer is recorded as a failure`(body: String, status: Int, code: String, message: String) {
    let replay = replay(body, status: status, contentType: nil)
    #expect(replay.exchange.failure == NewExchange.Failure(code: code, message: message))
    #expect(String(decoding: replay.held, as: UTF8.self) == body)
  }

  @Test func `an answer that broke off is no success even where it looks whole`() {
    let replay = replay(Self.completion, ending: .broken(code: "length", message: "shorter than announced"))
    #expect(replay.exchange.failure?.code == "length")
    #expect(replay.exchange.choices.first?.content?.string == "a")
  }

  @Test func `the usage that only we asked for stays with us`() throws {
    let fixture = try StreamFixture("openai-text-usage")
    let pieces: [[Bytes]] = [[fixture.bytes[...]], fixture.bytes.indices.map { fixture.bytes[$0...$0] }]
    for pieces in pieces {
      let replay = Replay(pieces, of: streamed, withholdsUsage: true)
      let text = String(decoding: replay.released + replay.held, as: UTF8.self)
      #expect(!text.contains("prompt_tokens"))
      #expect(text.hasSuffix("\"finish_reason\":\"stop\"}],\"usage\":null}\n\ndata: [DONE]\n\n"))
      #expect(replay.exchange.totalTokens == 29)
    }
  }

  @Test func `an answer beyond the limit goes on and is recorded as one`() throws {
    let fixture = try StreamFixture("openai-text-usage")
    let pieces = fixture.bytes.indices.map { fixture.bytes[$0...$0] }
    let stream = Replay(pieces, of: streamed, limit: 700)
    #expect(stream.released == fixture.bytes)
    #expect(stream.held.isEmpty)
    #expect(stream.exchange.failure?.code == CaptureFailure.tooLarge)
    #expect(stream.exchange.choices.first?.content?.string == "Hello")
    let body = Replay([Bytes(utf8: Self.completion)], of: request, contentType: "application/json", limit: 100)
    #expect(String(decoding: body.released, as: UTF8.self) == Self.completion)
    #expect(body.exchange.failure?.code == CaptureFailure.tooLarge)
  }

  @Test func `a stream that goes on after its end is complete at some time`() {
    var capture = Capture(streamed, status: 200, contentType: "text/event-stream")
    let end = #"data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}"# + "\n\n"
    _ = capture.take(Bytes(utf8: end))
    #expect(!capture.isComplete)
    let released = capture.take(Bytes(utf8: ":" + String(repeating: "-", count: 1 << 20) + "\n\n"))
    #expect(released.isEmpty)
    #expect(capture.isComplete)
    #expect(capture.finish(.whole).failure == nil)
  }

  @Test func `a stream without its blank line is held to no finish and counts as broken`() {
    let text = String(repeating: "data: x\n", count: 10)
    let replay = Replay([Bytes(utf8: text)], of: streamed)
    #expect(replay.exchange.failure?.code == CaptureFailure.unfinished)
    #expect(String(decoding: replay.held, as: UTF8.self) == text)
  }
}

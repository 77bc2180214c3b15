import Foundation
import VerbatimModel

@testable import Providers

/// A recorded stream of `Tests/Fixtures/streams` with what is to be made of it.
struct StreamFixture: CustomStringConvertible, Sendable {
  let description: String
  let bytes: [UInt8]
  private let expectation: JSONSlice

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/streams")

  static let all: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".sse") }.map { String($0.dropLast(4)) }.sorted()
  }()

  init(_ name: String) throws {
    description = name
    bytes = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name + ".sse")))
    let json = Array(try Data(contentsOf: Self.folder.appendingPathComponent(name + ".json")))
    expectation = try JSONSlice(checking: json[...])
  }

  subscript(key: String) -> JSONSlice? { expectation[key] }

  func request() throws -> ChatRequest {
    let call: RecordedCall =
      switch self["call"]?.string?.string {
      case "responses": .responses
      case "messages": .messages
      default: .chatCompletions
      }
    return try ChatRequest(parsing: self["request"]?.bytes ?? [], call: call)
  }

  /// The same stream with every line ended as CRLF.
  var withCarriageReturns: [UInt8] { bytes.flatMap { $0 == UInt8(ascii: "\n") ? [13, 10] : [$0] } }
}

/// A capture that has seen a whole answer.
struct Replay: Equatable {
  var released: [UInt8] = []
  var held: [UInt8] = []
  let exchange: NewExchange

  /// Every piece is taken by itself.
  init(
    _ pieces: [Bytes], of request: ChatRequest, status: Int = 200, contentType: String? = "text/event-stream",
    withholdsUsage: Bool = false, limit: Int = Capture.usualLimit, ending: AnswerEnding = .whole
  ) {
    var capture = Capture(
      request, status: status, contentType: contentType, withholdsUsage: withholdsUsage, limit: limit)
    for piece in pieces { released += capture.take(piece) }
    var exchange = request.exchange(appID: "a", userID: "u", provider: "openai")
    capture.finish(ending).fill(&exchange)
    held = Array(capture.takeHeld())
    self.exchange = exchange
  }

  static func == (left: Replay, right: Replay) -> Bool {
    left.released + left.held == right.released + right.held
      && left.exchange.choices == right.exchange.choices && left.exchange.failure == right.exchange.failure
      && left.exchange.usage == right.exchange.usage && left.exchange.finishReason == right.exchange.finishReason
      && left.exchange.responseID == right.exchange.responseID && left.exchange.request == right.exchange.request
  }
}

extension Message {
  var json: Bytes {
    var writer = JSONWriter()
    writer.message(self)
    return writer.bytes[...]
  }
}

/// Whether two JSON texts say the same, whatever the order of their keys.
func isSame(_ left: Bytes?, _ right: Bytes?) throws -> Bool {
  guard let left, let right else { return left == nil && right == nil }
  let values = try [left, right].map { json in
    try JSONSerialization.jsonObject(with: Data(json), options: .fragmentsAllowed) as? NSObject
  }
  return values[0] == values[1]
}

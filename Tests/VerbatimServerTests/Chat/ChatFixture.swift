import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

extension FakeUpstream {
  /// Answers each call with one more than the last: `answer 1`, `answer 2`, …, as a stream where that is asked for.
  static func counting() throws -> FakeUpstream {
    let count = Counter()
    return try FakeUpstream { request, peer in
      let text = "answer \(count.next())"
      guard request.body.contains("\"stream\":true") else {
        peer.answer(
          completion.replacing("Hello, 世界 😀", with: text), fields: "Content-Type: application/json\r\n")
        return true
      }
      peer.send(streamHead)
      peer.sendChunk(streamBeginning[1].replacing("Hello, ", with: text))
      for event in [streamFinish, streamUsage, streamDone] { peer.sendChunk(event) }
      peer.send("0\r\n\r\n")
      return true
    }
  }

  /// What each request said, message by message: `user: one`.
  func said() throws -> [[String]] {
    try requests.map { request in
      let body = try JSONSlice(checking: Bytes(utf8: request.body))
      return body["messages"]?.elements.map { "\($0.text("role") ?? "?"): \($0.text("content") ?? "null")" } ?? []
    }
  }
}

/// How many calls there were.
private final class Counter: Sendable {
  private let value = Atomic(0)

  func next() -> Int { value.add(1, ordering: .relaxed).newValue }
}

extension TestAPI {
  static let chat = "/api/chat"

  func chat(_ message: String, _ more: String = "", fields: HTTPFields = [:]) async throws -> Answer {
    let rest = more.isEmpty ? "" : ",\(more)"
    return try await post(Self.chat, "{\"message\":\(Bodies.quoted(message))\(rest)}", fields: fields)
  }

  /// Goes on with a conversation.
  func chat(_ message: String, in conversation: String, _ more: String = "", fields: HTTPFields = [:]) async throws
    -> Answer
  {
    let rest = more.isEmpty ? "" : ",\(more)"
    return try await chat(message, "\"conversation_id\":\(Bodies.quoted(conversation))\(rest)", fields: fields)
  }

  func exchanges(of conversation: String, fields: HTTPFields = [:]) async throws -> [JSONSlice] {
    try await get("/api/chat/\(conversation)/messages", fields: fields).data
  }
}

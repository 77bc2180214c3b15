import Foundation
import VerbatimModel

/// Real questions and answers of `Tests/Fixtures`, in conversations of several turns, as other programs stored them.
struct LegacyCorpus: Sendable {
  struct Turn: Sendable, Equatable {
    let conversation: Int
    let query: String
    let answer: String
  }

  /// 2025-01-15T10:30:00Z
  static let start: Int64 = 1_736_937_000

  let turns: [Turn]
  let conversationCount: Int

  /// Neighbouring turns belong to different conversations.
  init(turns count: Int, conversations: Int = 7) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures/exchanges.ndjson")
    let lines = try Data(contentsOf: path).split(separator: UInt8(ascii: "\n"))
    turns = (0..<count).compactMap { index in
      let json = JSONSlice(trusting: Array(lines[index % lines.count])[...])
      guard let query = json["query"]?.string?.string, let answer = json["answer"]?.string?.string else { return nil }
      return Turn(conversation: index % conversations, query: query, answer: answer)
    }
    conversationCount = conversations
  }

  func expected(_ conversation: Int) -> [Turn] { turns.filter { $0.conversation == conversation } }

  static func date(_ seconds: Int64) -> String {
    String(Timestamp.text(seconds * 1000).prefix(19)).replacing("T", with: " ")
  }

  /// Rows of New API, one a message: those of two requests that were recorded at once stand between each other.
  func historyRows() -> [[LegacyDatabase.Value]] {
    var rows: [[LegacyDatabase.Value]] = []
    for pair in stride(from: 0, to: turns.count, by: 2) {
      let some = turns[pair..<min(pair + 2, turns.count)]
      for (offset, turn) in some.enumerated() { rows.append(row(turn, at: pair + offset, isAnswer: false)) }
      for (offset, turn) in some.enumerated() { rows.append(row(turn, at: pair + offset, isAnswer: true)) }
    }
    return rows
  }

  static let historyColumns = [
    "user_id", "created_at", "updated_at", "conversation_id", "message_id", "role", "content", "model_name",
    "token_id", "channel_id", "prompt_tokens", "completion_tokens", "total_tokens", "is_stream", "finish_reason",
    "usage", "other", "ip",
  ]

  private func row(_ turn: Turn, at index: Int, isAnswer: Bool) -> [LegacyDatabase.Value] {
    let time: Int64 = Self.start + Int64(index)
    let id = "conv_\(turn.conversation)"
    let usage = #"{"prompt_tokens":15,"completion_tokens":25,"total_tokens":40}"#
    let other = #"{"id":"chatcmpl-\#(index)","object":"chat.completion","created":\#(time),"system_fingerprint":"fp"}"#
    return [
      .integer(Int64(turn.conversation % 3)), .integer(time), .integer(time), .text(id),
      .text(isAnswer ? "\(id)_assistant_\(time)" : "\(id)_user_0"), isAnswer ? "assistant" : "user",
      .text(isAnswer ? turn.answer : turn.query), "gpt-4o", 11, 12, isAnswer ? 15 : 0, isAnswer ? 25 : 0,
      isAnswer ? 40 : 0, .literal("false"), isAnswer ? "stop" : "", .text(isAnswer ? usage : ""),
      .text(isAnswer ? other : ""), "10.0.0.7",
    ]
  }
}

import VerbatimModel

/// How much of a conversation a model is told again.
package struct ChatLimits: Sendable, Equatable {
  package var messages = 10
  /// By the estimate, at least one for 8 bytes, so that texts of which it knows nothing are bounded, too.
  package var tokens = 8000
  /// Milliseconds after which a session has expired, and what was said before is not told any more; nil: never.
  package var idleTime: Int64?

  package init() {}
}

/// The newest messages of a conversation, as far as the limits go. They come newest first.
struct ChatWindow {
  /// Messages without content, as those of calls whose content was not to be recorded.
  private static let mostPassedOver = 1000

  private let limits: ChatLimits
  private var newestFirst: [StoredMessage] = []
  private var tokens: Int64 = 0
  private var passedOver = 0
  /// When the message behind the next one was said.
  private var next: Int64

  /// `now`: Unix milliseconds.
  init(_ limits: ChatLimits, now: Int64) {
    self.limits = limits
    next = now
  }

  /// Answers whether it takes more.
  mutating func take(_ stored: StoredMessage) -> Bool {
    let message: Message = stored.message
    if let idleTime = limits.idleTime, next - stored.createdAt >= idleTime { return false }
    next = stored.createdAt
    guard message.content != nil || message.toolCalls != nil else {
      passedOver += 1
      return passedOver < Self.mostPassedOver
    }
    tokens += Self.tokens(in: message)
    guard newestFirst.count < limits.messages, tokens <= limits.tokens else { return false }
    newestFirst.append(stored)
    return newestFirst.count < limits.messages
  }

  /// Oldest first. Calls of tools and their answers are there together or not at all, since providers refuse one without
  /// the other.
  var messages: [StoredMessage] {
    var whole: [StoredMessage] = []
    var calls: [StoredMessage] = []
    var awaited: Set<String> = []
    for stored in newestFirst.reversed() {
      let message: Message = stored.message
      if message.role == "tool" {
        guard let id = message.toolCallID, awaited.remove(id) != nil else { continue }
        calls.append(stored)
        if awaited.isEmpty { whole += calls }
      } else {
        awaited = message.calledTools
        calls = [stored]
        if awaited.isEmpty { whole.append(stored) }
      }
    }
    return whole
  }

  private static func tokens(in message: Message) -> Int64 {
    let text: Bytes = message.content ?? []
    let bytes: Int = message.contentKind == .parts ? message.raw?.count ?? text.count : text.count
    return max(TokenEstimator.tokens(in: text), Int64((bytes + (message.toolCalls?.count ?? 0)) / 8))
  }
}

extension Message {
  /// The ids of its calls.
  fileprivate var calledTools: Set<String> {
    guard let toolCalls else { return [] }
    return Set(JSONSlice(trusting: toolCalls).elements.compactMap { $0["id"]?.string?.string })
  }
}

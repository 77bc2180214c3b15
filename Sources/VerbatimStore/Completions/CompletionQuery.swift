import VerbatimModel

/// Which stored completions a list holds, and in which order.
package struct CompletionQuery: Sendable {
  package var reach: Reach
  package var model: String?
  /// Keys with the texts that they must have.
  package var metadata: [String: String] = [:]
  /// The id of the completion that the list goes on behind.
  package var after: String?
  package var isNewestFirst = false
  package var limit: Int

  package init(reach: Reach, limit: Int) {
    self.reach = reach
    self.limit = limit
  }

  func matches(_ exchange: StoredExchange) -> Bool {
    guard exchange.isChatCompletion else { return false }
    if let model, exchange.modelName != model { return false }
    guard !metadata.isEmpty else { return true }
    guard let stored = exchange.metadata.map({ JSONSlice(trusting: $0) }) else { return false }
    return metadata.allSatisfy { stored[$0.key]?.string?.string == $0.value }
  }
}

/// Completions in the order that was asked for.
package struct CompletionPage: Sendable {
  package var completions: [ListedCompletion] = []
  package var hasMore = false
}

/// A completion under an id that leads to it alone.
package struct ListedCompletion: Sendable {
  package let id: String
  package let exchange: StoredExchange
}

extension StoredExchange {
  /// Not an answer of another form, which OpenAI's responses and Anthropic's messages have.
  fileprivate var isChatCompletion: Bool {
    guard let answer = KeptRequest(stored: request)?.answer.map({ JSONSlice(trusting: $0) }) else { return true }
    return answer["output"] == nil && answer["type"]?.string?.string != "message"
  }
}

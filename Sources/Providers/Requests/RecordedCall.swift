/// A call to a model that is recorded, by its path.
package enum RecordedCall: String, Sendable, CaseIterable {
  /// OpenAI's chat completions.
  case chatCompletions = "/v1/chat/completions"
  /// OpenAI's responses.
  case responses = "/v1/responses"
  /// Anthropic's messages.
  case messages = "/v1/messages"

  /// The field of a request that holds what is said.
  var messagesField: String { self == .responses ? "input" : "messages" }
}

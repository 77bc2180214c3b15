import VerbatimModel

/// What a provider answered, as it is recorded.
package struct Answer: Sendable {
  /// By choice index; of a failure, what came before it.
  package var choices: [Message] = []
  package var failure: NewExchange.Failure?
  package var usage: Bytes?
  package var finishReason: String?
  package var systemFingerprint: String?
  package var responseID: String?
  /// JSON object: the answer without its messages and its usage, which have places of their own.
  package var details: Bytes?
  /// Whether its client had gone before it ended.
  package var clientHasGone = false

  package init() {}

  /// Puts it into the exchange whose request it answers.
  package func fill(_ exchange: inout NewExchange) {
    exchange.choices = choices
    exchange.failure = failure
    if let usage { exchange.setUsage(JSONSlice(trusting: usage)) }
    exchange.finishReason = finishReason
    exchange.systemFingerprint = systemFingerprint
    exchange.responseID = responseID
    guard var kept = KeptRequest(stored: exchange.request) else { return }
    kept.answer = details
    // Why a failed one failed says its code.
    kept.clientHasGone = clientHasGone && failure == nil
    exchange.request = kept.stored
  }

  /// Fails it; what came before stays.
  mutating func fail(_ code: String, _ message: String) {
    failure = NewExchange.Failure(code: code, message: message)
  }
}

/// How an answer's bytes came to their end.
package enum AnswerEnding: Sendable, Equatable {
  /// The body is whole by HTTP's measure.
  case whole
  /// It broke off: the provider hung up, was silent for too long, or was not read on after its client had gone.
  case broken(code: String, message: String)
}

/// Codes of failures that no provider gave.
package enum CaptureFailure {
  /// The answer ended by HTTP's measure before the model said that it had finished.
  package static let unfinished = "unfinished_answer"
  /// What came is no answer of this call.
  package static let invalid = "invalid_answer"
  /// The answer is larger than may be kept; it went to its client whole.
  package static let tooLarge = "answer_too_large"
}

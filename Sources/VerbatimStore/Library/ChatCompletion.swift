import Foundation
import VerbatimModel

/// One request to a model and what came back, to be saved as an exchange. Everything but the messages, the answer and
/// the model may stay as it is.
///
/// Limits, in characters: `appID`, `userID`, `clientMessageID` and `provider` 64, `model` 128, `conversationID`,
/// `finishReason` and `systemFingerprint` 255; at most 10,000 messages and 100 choices; JSON objects of 1 MB each. None of
/// the ids may hold a NUL.
public struct ChatCompletion: Sendable {
  /// The conversation it goes on with, or begins; nil: one of its own, whose id `saveChatCompletion` answers.
  public var conversationID: String?
  /// The application. A conversation's first exchange fixes whose it is.
  public var appID = "default"
  /// The application's end user.
  public var userID = "default"
  /// The caller's id of this exchange: saving it once more saves nothing, and answers what the first time answered.
  public var clientMessageID: String?
  /// The model's name, as the provider has it.
  public var model: String
  /// Who answered: `openai`, `ollama`, …
  public var provider = "custom"
  /// What was new in the request, oldest first; at least one. What the conversation holds already is not repeated.
  public var messages: [ChatMessage]
  /// What came back, by choice index; at least one.
  public var choices: [ChatMessage]
  /// The provider's own usage object, from which tokens are counted.
  public var usageJSON: String?
  /// Why the answer ended: `stop`, `length`, `tool_calls`, …
  public var finishReason: String?
  /// The provider's own.
  public var systemFingerprint: String?
  /// The provider's id of the answer.
  public var responseID: String?
  /// A JSON object of yours, given back as it is.
  public var metadataJSON: String?
  /// Whether the answer came as a stream.
  public var isStream = false
  /// Until the whole answer was there, kept to the millisecond.
  public var latency: Duration?
  /// Until its first token was there, kept to the millisecond.
  public var firstTokenLatency: Duration?
  /// When it was; nil: now. From 20 years ago to a day ahead.
  public var createdAt: Date?

  /// An exchange of the conversation, app and user that are set afterwards.
  public init(model: String, messages: [ChatMessage], choices: [ChatMessage]) {
    self.model = model
    self.messages = messages
    self.choices = choices
  }

  /// A question and an answer that are texts.
  public init(model: String, question: String, answer: String) {
    self.init(
      model: model, messages: [ChatMessage(role: "user", text: question)],
      choices: [ChatMessage(role: "assistant", text: answer)])
  }
}

/// A request that failed.
public struct FailedCompletion: Sendable {
  /// Its `choices` are what was said before it failed, and may be empty.
  public var completion: ChatCompletion
  /// A provider's code: `429`, `rate_limit_exceeded`; at most 255 characters.
  public var code: String
  /// What the provider, or the caller, said of it.
  public var message: String

  /// A failure of the conversation, app and user that are set in `completion` afterwards.
  public init(model: String, messages: [ChatMessage], code: String, message: String) {
    completion = ChatCompletion(model: model, messages: messages, choices: [])
    self.code = code
    self.message = message
  }
}

/// What saving answers, once it is durable.
public struct SavedExchange: Sendable, Hashable {
  /// The conversation's id, given or made.
  public let conversationID: String
  /// A UUID, which orders exchanges by their time.
  public let exchangeID: String
  /// Whether it was there already, and nothing was saved now.
  public let isDuplicate: Bool
}

extension ChatCompletion {
  func exchange(failure: NewExchange.Failure? = nil) throws -> NewExchange {
    var exchange = NewExchange(
      appID: appID, userID: userID, conversationID: conversationID, clientMessageID: clientMessageID,
      modelProvider: provider, modelName: model, messages: try messages.map { try $0.message() },
      choices: try choices.map { try $0.message() }, failure: failure)
    if let usage = try Self.object(usageJSON, "usageJSON") { exchange.setUsage(usage) }
    exchange.metadata = try Self.object(metadataJSON, "metadataJSON")?.bytes
    exchange.finishReason = finishReason
    exchange.systemFingerprint = systemFingerprint
    exchange.responseID = responseID
    exchange.isStream = isStream
    exchange.latency = latency
    exchange.firstTokenLatency = firstTokenLatency
    exchange.createdAt = try createdAt.map(Self.milliseconds)
    exchange.source = "library"
    return exchange
  }

  private static func object(_ json: String?, _ name: String) throws(HistoryError) -> JSONSlice? {
    guard let json else { return nil }
    guard let value = try? JSONSlice(checking: Bytes(utf8: json)), value.kind == .object else {
      throw .rejected(field: name, reason: "must be a JSON object")
    }
    return value
  }

  private static func milliseconds(_ date: Date) throws(HistoryError) -> Int64 {
    let milliseconds: Double = date.timeIntervalSince1970 * 1000
    if let whole = Int64(exactly: milliseconds.rounded()) { return whole }
    throw .rejected(field: "createdAt", reason: "is no time")
  }
}

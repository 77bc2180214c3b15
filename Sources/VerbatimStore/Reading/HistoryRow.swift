import Databases
import VerbatimModel

/// A row of a history table, read by the order of `HistoryColumns.columns`.
struct HistoryRow {
  private let row: Row

  init(_ row: Row) {
    self.row = row
  }

  private enum Column: Int {
    case id, accountID, conversationID, exchangeID, parentID, position, choiceIndex, appID, userID
    case role, name, contentKind, toolCallID, createdAt, recordedAt, content, raw, toolCalls
    case modelProvider, modelName, promptTokens, completionTokens, totalTokens, finishReason
    case systemFingerprint, responseID, isStream, latency, firstTokenLatency, totalPrice, currency
    case status, tokenID, channelID, ip, clientMessageID, attachmentCount, request, usage, inputs, other
    case errorCode, errorMessage
  }

  /// nil for an input message.
  var choiceIndex: Int64? { integer(.choiceIndex) }

  /// Whether it is a message that stands for an exchange without an answer.
  var isUnanswered: Bool { text(.status) == PendingExchange.unanswered }

  /// Whether it carries its exchange.
  func isExchange() throws -> Bool { try exchangeID() == row.uuid(Column.id.rawValue) }

  func exchangeID() throws -> UUIDv7 { try row.uuid(Column.exchangeID.rawValue) }

  func message() -> Message {
    Message(
      role: text(.role), name: optionalText(.name), content: bytes(.content),
      contentKind: Message.ContentKind(rawValue: text(.contentKind)) ?? .none, toolCalls: bytes(.toolCalls),
      toolCallID: optionalText(.toolCallID), raw: bytes(.raw))
  }

  /// The exchange of a row of the error history, with what was asked, and what was said before it failed.
  func failedExchange() throws -> StoredExchange {
    var exchange: StoredExchange = try exchange()
    let partial: Message = message()
    if partial.contentKind != .none || partial.raw != nil { exchange.choices = [partial] }
    let asked = try FailedRequest.decode(exchange.request)
    exchange.messages = asked.messages
    exchange.request = asked.request
    exchange.failure = NewExchange.Failure(code: text(.errorCode), message: text(.errorMessage))
    return exchange
  }

  /// The exchange's own columns, without messages and attachments.
  func exchange() throws -> StoredExchange {
    var exchange = StoredExchange(
      id: try row.uuid(Column.id.rawValue), conversationID: text(.conversationID), appID: text(.appID),
      userID: text(.userID), modelProvider: text(.modelProvider), modelName: text(.modelName),
      isStream: integer(.isStream) == 1, createdAt: integer(.createdAt) ?? 0, recordedAt: integer(.recordedAt) ?? 0)
    exchange.clientMessageID = optionalText(.clientMessageID)
    exchange.attachmentCount = Int(row.integer(Column.attachmentCount.rawValue))
    exchange.request = bytes(.request)
    exchange.inputs = bytes(.inputs)
    exchange.metadata = bytes(.other)
    exchange.usage = bytes(.usage)
    exchange.promptTokens = integer(.promptTokens)
    exchange.completionTokens = integer(.completionTokens)
    exchange.totalTokens = integer(.totalTokens)
    exchange.totalPrice = integer(.totalPrice)
    exchange.currency = optionalText(.currency)
    exchange.finishReason = optionalText(.finishReason)
    exchange.systemFingerprint = optionalText(.systemFingerprint)
    exchange.responseID = optionalText(.responseID)
    exchange.latency = integer(.latency).map { .milliseconds($0) }
    exchange.firstTokenLatency = integer(.firstTokenLatency).map { .milliseconds($0) }
    return exchange
  }

  private func text(_ column: Column) -> String { row.text(column.rawValue) }
  private func optionalText(_ column: Column) -> String? { row.optionalText(column.rawValue) }
  private func integer(_ column: Column) -> Int64? { row.optionalInteger(column.rawValue) }
  private func bytes(_ column: Column) -> Bytes? { row.bytes(column.rawValue) }
}

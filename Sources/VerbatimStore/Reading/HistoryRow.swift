import Databases
import VerbatimModel

/// A row of a history table, read by the order of `HistoryRow.columns`.
struct HistoryRow {
  /// What of a row is read, each between `"`, since some are words of one engine or the other; `Column` numbers them.
  static let columns: String = (ofMessages + ofExchanges).map { "\"\($0)\"" }.joined(separator: ", ")

  /// The first of them, which `message()` needs.
  static let messageColumns: String = ofMessages.map { "\"\($0)\"" }.joined(separator: ", ")

  private static let ofMessages = [
    "id", "exchange_id", "choice_index", "role", "name", "content_kind", "tool_call_id", "content", "raw", "tool_calls",
  ]
  private static let ofExchanges = [
    "status", "created_at", "recorded_at", "attachment_count", "prompt_tokens", "completion_tokens", "total_tokens",
    "is_stream", "latency", "first_token_latency", "total_price", "token_id", "request", "conversation_id", "app_id",
    "user_id", "model_provider", "model_name", "client_message_id", "finish_reason", "system_fingerprint",
    "response_id", "currency", "token_name", "ip", "inputs", "other", "usage",
  ]

  private let row: Row
  private let keys: ContentKeys

  /// `keys`: of what is sealed.
  init(_ row: Row, _ keys: ContentKeys) {
    self.row = row
    self.keys = keys
  }

  private enum Column: Int {
    case id, exchangeID, choiceIndex, role, name, contentKind, toolCallID, content, raw, toolCalls
    case status, createdAt, recordedAt, attachmentCount, promptTokens, completionTokens, totalTokens
    case isStream, latency, firstTokenLatency, totalPrice, tokenID, request
    /// The first of those that `ExchangeTexts` holds, which follow in its order.
    case texts
  }

  /// Those of the error history behind them.
  private static let errorCode = Column.texts.rawValue + ExchangeTexts.Column.allCases.count
  private static let errorMessage = errorCode + 1

  func id() throws -> UUIDv7 { try row.uuid(Column.id.rawValue) }

  /// Unix milliseconds, UTC.
  var createdAt: Int64 { integer(.createdAt) ?? 0 }

  /// nil for an input message.
  var choiceIndex: Int64? { integer(.choiceIndex) }

  /// Whether it is a message that stands for an exchange without an answer.
  var isUnanswered: Bool {
    !row.isText(Column.status.rawValue, "normal") && text(.status) == PendingExchange.unanswered
  }

  /// Whether it carries its exchange.
  func isExchange() throws -> Bool { try exchangeID() == row.uuid(Column.id.rawValue) }

  func exchangeID() throws -> UUIDv7 { try row.uuid(Column.exchangeID.rawValue) }

  func message() throws -> Message {
    let stored = Message(
      role: role, name: try opened(.name, .name)?.string, content: try opened(.content, .content),
      contentKind: contentKind,
      toolCalls: try opened(.toolCalls, .toolCalls), toolCallID: optionalText(.toolCallID),
      raw: try opened(.raw, .raw))
    return stored.expanded
  }

  /// The exchange of a row of the error history, with what was asked, and what was said before it failed.
  func failedExchange() throws -> StoredExchange {
    var exchange: StoredExchange = try exchange()
    let partial: Message = try message()
    if partial.contentKind != .none || partial.raw != nil { exchange.choices = [partial] }
    let asked = try FailedRequest.decode(exchange.request)
    exchange.messages = asked.messages
    exchange.request = asked.request
    let message: Bytes? = try opened(row.bytes(Self.errorMessage), .errorMessage)
    exchange.failure = NewExchange.Failure(code: row.text(Self.errorCode), message: message?.string ?? "")
    return exchange
  }

  /// The exchange's own columns, without messages and attachments.
  func exchange() throws -> StoredExchange {
    let texts = try ExchangeTexts { column, bytes in try append(column, to: &bytes) }
    var exchange = StoredExchange(
      id: try row.uuid(Column.id.rawValue), texts: texts, createdAt: integer(.createdAt) ?? 0,
      recordedAt: integer(.recordedAt) ?? 0)
    exchange.isStream = integer(.isStream) == 1
    exchange.attachmentCount = Int(integer(.attachmentCount) ?? 0)
    exchange.request = try opened(.request, .request)
    exchange.promptTokens = integer(.promptTokens)
    exchange.completionTokens = integer(.completionTokens)
    exchange.totalTokens = integer(.totalTokens)
    exchange.totalPrice = integer(.totalPrice)
    exchange.tokenID = integer(.tokenID)
    exchange.latency = integer(.latency).map { .milliseconds($0) }
    exchange.firstTokenLatency = integer(.firstTokenLatency).map { .milliseconds($0) }
    return exchange
  }

  // What nearly all rows hold is compared, which costs less than making a text of it.

  private var role: String {
    if row.isText(Column.role.rawValue, "user") { return "user" }
    if row.isText(Column.role.rawValue, "assistant") { return "assistant" }
    return text(.role)
  }

  private var contentKind: Message.ContentKind {
    if row.isText(Column.contentKind.rawValue, "text") { return .text }
    return Message.ContentKind(rawValue: text(.contentKind)) ?? .none
  }

  private func text(_ column: Column) -> String { row.text(column.rawValue) }
  private func optionalText(_ column: Column) -> String? { row.optionalText(column.rawValue) }
  private func integer(_ column: Column) -> Int64? { row.optionalInteger(column.rawValue) }
  private func bytes(_ column: Column) -> Bytes? { row.bytes(column.rawValue) }

  /// The text, whatever it is sealed with.
  private func opened(_ column: Column, _ name: SealedColumn) throws -> Bytes? { try opened(bytes(column), name) }

  private func opened(_ stored: Bytes?, _ name: SealedColumn) throws -> Bytes? {
    guard let stored, ContentKeys.isMarked(stored) else { return stored }
    return try keys.opened(stored, of: try row.uuid(Column.id.rawValue), name)
  }

  private func append(_ column: ExchangeTexts.Column, to bytes: inout [UInt8]) throws -> Bool {
    let start: Int = bytes.count
    let isThere: Bool = row.append(Column.texts.rawValue + column.rawValue, to: &bytes)
    let name: SealedColumn
    switch column {
    case .inputs: name = .inputs
    case .metadata: name = .other
    default: return isThere
    }
    if let opened = try opened(bytes[start...], name), opened.count != bytes.count - start {
      bytes.replaceSubrange(start..., with: opened)
    }
    return isThere
  }
}

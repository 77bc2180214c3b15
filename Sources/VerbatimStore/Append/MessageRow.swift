import Databases
import VerbatimModel

/// The columns that both history tables have, in the order in which rows are bound.
enum HistoryColumns {
  static let columns: [BulkInsert.Column] = [
    .init("id", .id), .init("account_id", .text), .init("conversation_id", .text), .init("exchange_id", .id),
    .init("parent_id", .id), .init("position", .integer), .init("choice_index", .integer), .init("app_id", .text),
    .init("user_id", .text), .init("role", .text), .init("name", .text), .init("content_kind", .text),
    .init("tool_call_id", .text), .init("created_at", .integer), .init("recorded_at", .integer),
    .init("content", .text), .init("raw", .text), .init("tool_calls", .text), .init("model_provider", .text),
    .init("model_name", .text), .init("prompt_tokens", .integer), .init("completion_tokens", .integer),
    .init("total_tokens", .integer), .init("finish_reason", .text), .init("system_fingerprint", .text),
    .init("response_id", .text), .init("is_stream", .integer), .init("latency", .integer),
    .init("first_token_latency", .integer), .init("total_price", .integer), .init("currency", .text),
    .init("status", .text), .init("token_id", .integer), .init("token_name", .text), .init("channel_id", .integer),
    .init("ip", .text), .init("client_message_id", .text), .init("attachment_count", .integer),
    .init("request", .text), .init("usage", .text), .init("inputs", .text), .init("other", .text),
    .init("batch", .integer),
  ]

  /// What the error history has besides.
  static let failureColumns: [BulkInsert.Column] = [.init("error_code", .text), .init("error_message", .text)]

  /// Each between `"`, since some are words of one engine or the other.
  static let list: String = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
}

/// One row of a history table: a message, or a failed exchange.
struct MessageRow {
  private let pending: PendingExchange
  private let message: Message
  private let position: Int
  /// nil for input messages.
  private let choiceIndex: Int?
  private let id: UUIDv7
  private let parentID: UUIDv7?
  /// The number of the batch that it is committed with.
  private let batch: Int64

  /// Input messages, then choices: ids ascend with the position, and each row's parent is what it answers; the first
  /// one's is of an earlier exchange where a thread goes on. Where there is no choice, the last message takes its place.
  static func rows(of pending: PendingExchange, batch: Int64) -> [MessageRow] {
    guard !pending.isFailure else { return [] }
    let exchange: NewExchange = pending.stored
    let inputCount: Int = exchange.messages.count
    let parentID: UUIDv7? = exchange.thread?.parentID
    var rows: [MessageRow] = []
    rows.reserveCapacity(pending.rowCount)
    for (index, message) in exchange.messages.enumerated() {
      rows.append(
        MessageRow(
          pending: pending, message: message, position: index, choiceIndex: index == pending.inputCount ? 0 : nil,
          id: pending.firstID.adding(UInt64(index)),
          parentID: index == 0 ? parentID : pending.firstID.adding(UInt64(index - 1)), batch: batch))
    }
    for (index, choice) in exchange.choices.enumerated() {
      rows.append(
        MessageRow(
          pending: pending, message: choice, position: inputCount + index, choiceIndex: index,
          id: pending.id.adding(UInt64(index)),
          parentID: inputCount == 0 ? parentID : pending.firstID.adding(UInt64(inputCount - 1)), batch: batch))
    }
    return rows
  }

  /// The one row of a failed exchange; what the model said before it failed, if anything, is its message.
  static func failure(_ pending: PendingExchange, batch: Int64) -> MessageRow {
    MessageRow(
      pending: pending,
      message: pending.stored.choices.first ?? Message(role: "assistant", content: nil, contentKind: .none),
      position: 0, choiceIndex: 0, id: pending.id, parentID: nil, batch: batch)
  }

  /// Binds the values in the order of `HistoryColumns.columns`.
  func bind(to binds: borrowing Binds) {
    let exchange: NewExchange = pending.stored
    binds.id(id)
    binds.text(pending.accountID)
    binds.text(pending.conversationID)
    binds.id(pending.id)
    if let parentID { binds.id(parentID) } else { binds.null() }
    binds.integer(Int64(position))
    binds.integer(choiceIndex.map(Int64.init))
    binds.text(exchange.appID)
    binds.text(exchange.userID)
    binds.text(message.role)
    binds.text(message.name)
    binds.text(message.contentKind.rawValue)
    binds.text(message.toolCallID)
    binds.integer(pending.createdAt)
    binds.integer(pending.recordedAt)
    binds.text(bytes: message.content)
    binds.text(bytes: message.raw)
    binds.text(bytes: message.toolCalls)
    if choiceIndex == 0 { bindExchange(to: binds) } else { bindNoExchange(to: binds) }
  }

  private func bindExchange(to binds: borrowing Binds) {
    let exchange: NewExchange = pending.stored
    binds.text(exchange.modelProvider)
    binds.text(exchange.modelName)
    binds.integer(exchange.promptTokens)
    binds.integer(exchange.completionTokens)
    binds.integer(exchange.totalTokens)
    binds.text(exchange.finishReason)
    binds.text(exchange.systemFingerprint)
    binds.text(exchange.responseID)
    binds.integer(exchange.isStream ? 1 : 0)
    binds.integer(pending.latency)
    binds.integer(pending.firstTokenLatency)
    binds.integer(exchange.totalPrice)
    binds.text(pending.currency)
    binds.text(pending.status)
    binds.integer(exchange.tokenID)
    binds.text(exchange.tokenName)
    binds.integer(exchange.channelID)
    binds.text(exchange.ip)
    binds.text(exchange.clientMessageID)
    binds.integer(Int64(exchange.attachments.count))
    binds.text(bytes: pending.isFailure ? pending.failedRequest : exchange.request)
    binds.text(bytes: exchange.usage)
    binds.text(bytes: exchange.inputs)
    binds.text(bytes: exchange.metadata)
    binds.integer(batch)
  }

  private func bindNoExchange(to binds: borrowing Binds) {
    for _ in 0..<25 { binds.null() }
  }
}

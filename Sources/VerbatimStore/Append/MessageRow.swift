import Databases
import VerbatimModel

/// The columns that both history tables have, in the order in which rows are bound and read.
enum HistoryColumns {
  static let names: [String] = [
    "id", "account_id", "conversation_id", "exchange_id", "parent_id", "position", "choice_index", "app_id", "user_id",
    "role", "name", "content_kind", "tool_call_id", "created_at", "recorded_at", "content", "raw", "tool_calls",
    "model_provider", "model_name", "prompt_tokens", "completion_tokens", "total_tokens", "finish_reason",
    "system_fingerprint", "response_id", "is_stream", "latency", "first_token_latency", "total_price", "currency",
    "status", "ip", "client_message_id", "attachment_count", "request", "usage", "inputs", "other",
  ]

  static let all: String = names.joined(separator: ", ")
  static let placeholders: String = names.map { _ in "?" }.joined(separator: ", ")
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

  /// Input messages, then choices: ids ascend with the position, and each row's parent is what it answers.
  static func rows(of pending: PendingExchange) -> [MessageRow] {
    guard !pending.isFailure else { return [] }
    let exchange: NewExchange = pending.exchange
    let inputCount: Int = exchange.messages.count
    var rows: [MessageRow] = []
    rows.reserveCapacity(pending.rowCount)
    for (index, message) in exchange.messages.enumerated() {
      rows.append(
        MessageRow(
          pending: pending, message: message, position: index, choiceIndex: nil,
          id: pending.firstID.adding(UInt64(index)),
          parentID: index == 0 ? nil : pending.firstID.adding(UInt64(index - 1))))
    }
    for (index, choice) in exchange.choices.enumerated() {
      rows.append(
        MessageRow(
          pending: pending, message: choice, position: inputCount + index, choiceIndex: index,
          id: pending.id.adding(UInt64(index)),
          parentID: inputCount == 0 ? nil : pending.firstID.adding(UInt64(inputCount - 1))))
    }
    return rows
  }

  /// The one row of a failed exchange; what the model said before it failed, if anything, is its message.
  static func failure(_ pending: PendingExchange) -> MessageRow {
    MessageRow(
      pending: pending,
      message: pending.exchange.choices.first ?? Message(role: "assistant", content: nil, contentKind: .none),
      position: 0, choiceIndex: 0, id: pending.id, parentID: nil)
  }

  /// Binds the values in the order of `HistoryColumns.names`.
  func bind(to binds: borrowing Binds) {
    let exchange: NewExchange = pending.exchange
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
    let exchange: NewExchange = pending.exchange
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
    binds.text(exchange.ip)
    binds.text(exchange.clientMessageID)
    binds.integer(Int64(exchange.attachments.count))
    binds.text(bytes: pending.isFailure ? pending.failedRequest : exchange.request)
    binds.text(bytes: exchange.usage)
    binds.text(bytes: exchange.inputs)
    binds.text(bytes: exchange.metadata)
  }

  private func bindNoExchange(to binds: borrowing Binds) {
    for _ in 0..<21 { binds.null() }
  }
}

import Databases
import VerbatimModel

/// What counters, keys and marks need to know of an exchange whose rows are at hand.
extension ArchiveLayout {
  /// nil for rows that hold no exchange of their own.
  func pending(_ archived: ArchivedExchange, calendar: PartitionCalendar) -> PendingExchange? {
    let table: CopiedTable = table(archived.isFailure)
    let rows: [ArchivedRow] = archived.rows.map { ArchivedRow(table: table, values: $0) }
    guard let own = rows.first(where: { $0["id"] == $0["exchange_id"] }), let first = rows.first,
      let firstID = first.id("id")
    else { return nil }
    let isAnswered: Bool = own.text("status") != PendingExchange.unanswered
    let messages: [ArchivedRow] = archived.isFailure ? [] : rows
    let inputs: [ArchivedRow] = messages.filter { !isAnswered || $0["choice_index"] == .null }
    let choices: [ArchivedRow] = messages.filter { isAnswered && $0["choice_index"] != .null }
    // One that came without a conversation was given the one that its own id names, and claims its keys so.
    let conversationID: String? = own.text("conversation_id").flatMap { $0 == firstID.description ? nil : $0 }
    var exchange = NewExchange(
      appID: own.text("app_id") ?? "", userID: own.text("user_id") ?? "", conversationID: conversationID,
      clientMessageID: own.text("client_message_id"), modelProvider: own.text("model_provider") ?? "",
      modelName: own.text("model_name") ?? "", messages: inputs.map(\.message), choices: choices.map(\.message))
    if archived.isFailure {
      exchange.failure = NewExchange.Failure(code: own.text("error_code") ?? "", message: "")
    }
    exchange.promptTokens = own.integer("prompt_tokens")
    exchange.completionTokens = own.integer("completion_tokens")
    exchange.totalTokens = own.integer("total_tokens")
    exchange.totalPrice = own.integer("total_price")
    exchange.channelID = own.integer("channel_id")
    exchange.responseID = own.text("response_id")
    exchange.latency = own.integer("latency").map { .milliseconds($0) }
    exchange.inputs = own.bytes("inputs")
    exchange.source = "import"
    return PendingExchange(
      exchange, accountID: own.text("account_id") ?? "", firstID: firstID, calendar: calendar, currency: "",
      recordedAt: own.integer("recorded_at") ?? firstID.milliseconds)
  }
}

private struct ArchivedRow {
  let table: CopiedTable
  let values: [SQLValue]

  subscript(_ column: String) -> SQLValue {
    guard let index = table.columns.firstIndex(where: { $0.name == column }) else { return .null }
    return values[index]
  }

  func id(_ column: String) -> UUIDv7? {
    guard case .id(let high, let low) = self[column] else { return nil }
    return UUIDv7(high: high, low: low)
  }

  func integer(_ column: String) -> Int64? {
    guard case .integer(let value) = self[column] else { return nil }
    return value
  }

  func bytes(_ column: String) -> Bytes? {
    guard case .blob(let bytes) = self[column] else { return nil }
    return bytes
  }

  func text(_ column: String) -> String? { bytes(column)?.string }

  /// Enough to count it and to name a conversation by it, unless it is sealed.
  var message: Message {
    let content: Bytes? = bytes("content")
    let isSealed: Bool = content.map(ContentKeys.isSealed) ?? false
    return Message(role: text("role") ?? "", content: isSealed ? nil : content, contentKind: .none, raw: nil)
  }
}

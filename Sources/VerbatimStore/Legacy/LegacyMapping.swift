import VerbatimModel

/// What another program's exchange becomes.
struct LegacyExchange {
  var exchange: NewExchange
  var account: String
  var firstID: UUIDv7
}

/// Makes exchanges of rows; the same rows always give the same.
struct LegacyMapping: Sendable {
  /// Whose data it becomes; nil: New API's users become accounts, everything else is the standard account's.
  let account: String?
  let time: LegacyTime
  /// Empty for what is moved within its own database.
  let source: String

  static let standardAccount = "default"
  /// What New API's history is entered under, which knows no apps.
  static let gatewayApp = "new-api"
  static let standardApp = "default"
  private static let standardModel = "custom-model"
  static let standardProvider = "custom"

  /// `owners`: rows of the table of conversations, by id.
  func exchange(_ group: LegacyGrouping.Group, owners: [Bytes: LegacyRow]) -> LegacyExchange? {
    guard let last = group.rows.last else { return nil }
    switch last.table.content {
    case .history where last.text("role") == "conversation" || last["raw_json"] != nil: return whole(last)
    case .history: return exchange(group, of: last)
    case .failures: return failure(last)
    case .messages: return turn(group, last, owner: last["conversation_id"].flatMap { owners[$0] })
    case .dialogues: return dialogue(last, owner: last["conversation_id"].flatMap { owners[$0] })
    case .conversations, .settings, .files: return nil
    }
  }

  // MARK: New API

  /// Rows of messages: the last is the answer, where there is one.
  private func exchange(_ group: LegacyGrouping.Group, of last: LegacyRow) -> LegacyExchange {
    let messages: [LegacyMessage] = group.rows.map(LegacyMessage.init)
    var record = LegacyRecord(last, omitted: (messages.last?.columns ?? []).union(["usage", "other"]))
    for (row, message) in zip(group.rows, messages).dropLast() { record.add(row, omitted: message.columns) }
    var exchange = base(last, messages.map(\.message), isAnswered: group.isAnswered)
    takeGatewayColumns(of: last, into: &exchange)
    let isMerged: Bool = messages.last?.columns.contains("other") ?? false
    exchange.metadata = metadata(record, of: last, with: isMerged ? nil : last.object("other"), isMerged: isMerged)
    return placed(exchange, at: last)
  }

  /// A row that holds all messages as JSON.
  private func whole(_ row: LegacyRow) -> LegacyExchange {
    let column = row["raw_json"] != nil ? "raw_json" : "content"
    let content: LegacyContent = LegacyContent(row, column)
    let isAnswered: Bool = content.messages.count > 1 && content.messages.last?.role == "assistant"
    var exchange = base(row, content.messages, isAnswered: isAnswered)
    exchange.request = content.request
    takeGatewayColumns(of: row, into: &exchange)
    let omitted: Set<String> = content.isComplete ? [column, "role", "usage", "other"] : ["usage", "other"]
    exchange.metadata = metadata(LegacyRecord(row, omitted: omitted), of: row, with: row.object("other"))
    return placed(exchange, at: row)
  }

  private func failure(_ row: LegacyRow) -> LegacyExchange {
    let isWhole: Bool = row["raw_json"] != nil || row.text("role")?.hasSuffix("conversation") == true
    var exchange: NewExchange
    var omitted: Set<String> = ["other", "error_message"]
    if isWhole {
      let column = row["raw_json"] != nil ? "raw_json" : "content"
      let content: LegacyContent = LegacyContent(row, column)
      exchange = base(row, content.messages, isAnswered: false)
      exchange.request = content.request
      if content.isComplete { omitted.formUnion([column, "role"]) }
    } else {
      let message = LegacyMessage(row)
      exchange = base(row, [message.message], isAnswered: false)
      omitted.formUnion(message.columns)
    }
    exchange.failure = NewExchange.Failure(
      code: LegacyText.limited(row.text("error_code"), to: IngestLimits.code) ?? "",
      message: LegacyText.limited(row.text("error_message"), to: .max) ?? "")
    takeGatewayColumns(of: row, into: &exchange)
    let isMerged: Bool = !isWhole && LegacyMessage(row).columns.contains("other")
    exchange.metadata = metadata(
      LegacyRecord(row, omitted: omitted), of: row, with: isMerged ? nil : row.object("other"), isMerged: isMerged)
    return placed(exchange, at: row)
  }

  private func takeGatewayColumns(of row: LegacyRow, into exchange: inout NewExchange) {
    exchange.tokenID = row.integer("token_id")
    exchange.channelID = row.integer("channel_id")
    exchange.ip = LegacyText.limited(row.text("ip"), to: 64)
    exchange.isStream = row.boolean("is_stream")
    exchange.promptTokens = row.integer("prompt_tokens")
    exchange.completionTokens = row.integer("completion_tokens")
    exchange.totalTokens = row.integer("total_tokens")
    let other = row.object("other")
    let answer = other?["response_raw"]
    exchange.usage = row.object("usage")?.bytes ?? answer?["usage"].flatMap { $0.kind == .object ? $0.bytes : nil }
    let reason =
      row.text("finish_reason") ?? answer?["choices"]?.elements.first { _ in true }?["finish_reason"]?.string?.string
    exchange.finishReason = reason.flatMap { $0.isEmpty ? nil : LegacyText.limited($0, to: IngestLimits.code) }
    exchange.responseID = Self.text(other?["response_id"] ?? other?["id"])
    exchange.systemFingerprint = Self.text(other?["system_fingerprint"] ?? answer?["system_fingerprint"])
  }

  private static func text(_ json: JSONSlice?) -> String? {
    json?.string.flatMap { $0.isEmpty ? nil : LegacyText.limited($0.string, to: IngestLimits.code) }
  }

  /// `usage` and `other` stay in the record where they are no objects.
  private func metadata(
    _ record: LegacyRecord, of row: LegacyRow, with other: JSONSlice?, isMerged: Bool = false
  ) -> Bytes {
    var kept: Set<String> = []
    if row["usage"] != nil, row.object("usage") == nil { kept.insert("usage") }
    if row["other"] != nil, other == nil, !isMerged { kept.insert("other") }
    return record.keeping(kept).metadata(with: other)
  }

  // MARK: Seeds 002 and 004

  private func turn(_ group: LegacyGrouping.Group, _ last: LegacyRow, owner: LegacyRow?) -> LegacyExchange {
    let messages: [LegacyMessage] = group.rows.map(LegacyMessage.init)
    var record = LegacyRecord(last, omitted: messages.last?.columns ?? [])
    for (row, message) in zip(group.rows, messages).dropLast() { record.add(row, omitted: message.columns) }
    var exchange = base(last, messages.map(\.message), isAnswered: group.isAnswered)
    take(owner, into: &exchange)
    exchange.promptTokens = last.integer("prompt_tokens")
    exchange.completionTokens = last.integer("completion_tokens")
    let consumed: [Int64] = group.rows.compactMap { $0.integer("tokens_consumed") }
    let total: Int64? = last.integer("total_tokens").flatMap { $0 > 0 ? $0 : nil }
    exchange.totalTokens = total ?? (consumed.isEmpty ? nil : consumed.reduce(0, &+))
    exchange.finishReason = LegacyText.limited(last.text("finish_reason"), to: IngestLimits.code)
    exchange.systemFingerprint = LegacyText.limited(last.text("system_fingerprint"), to: IngestLimits.code)
    exchange.attachments = group.rows.flatMap { row in row.files.map { LegacyFile.attachment($0, of: row) } }
    exchange.metadata = record.metadata()
    return placed(exchange, at: last)
  }

  // MARK: Seed 003

  private func dialogue(_ row: LegacyRow, owner: LegacyRow?) -> LegacyExchange {
    let query: Bytes = row["query"] ?? []
    let answer: Bytes = row["answer"] ?? []
    let isFailure: Bool = row.text("status") == "error"
    var exchange = base(row, [LegacyMessage.text("user", query)], isAnswered: false)
    if !isFailure || !answer.isEmpty { exchange.choices = [LegacyMessage.text("assistant", answer)] }
    if isFailure {
      exchange.failure = NewExchange.Failure(
        code: "error", message: LegacyText.limited(row.text("error"), to: .max) ?? "")
    }
    take(owner, into: &exchange)
    if let app = row.text("app_id") { exchange.appID = LegacyText.limited(app, to: 64, default: exchange.appID) }
    exchange.clientMessageID = LegacyText.id(row.text("client_message_id"), limit: IngestLimits.clientMessageID)
    exchange.promptTokens = row.integer("message_tokens")
    exchange.completionTokens = row.integer("answer_tokens")
    exchange.totalTokens = exchange.promptTokens.map { $0 &+ (exchange.completionTokens ?? 0) }
    exchange.latency = row.millionths("provider_response_latency").map { .microseconds($0) }
    exchange.totalPrice = row.millionths("total_price")
    exchange.currency = LegacyText.limited(row.text("currency"), to: 8)
    exchange.inputs = row.object("inputs")?.bytes
    exchange.attachments = row.files.map { LegacyFile.attachment($0, of: row) }
    let metadata = row.object("message_metadata")
    exchange.metadata = LegacyRecord(row, omitted: Self.omitted(of: row, query: query, answer: answer)).metadata(
      with: metadata)
    return placed(exchange, at: row)
  }

  private static func omitted(of row: LegacyRow, query: Bytes, answer: Bytes) -> Set<String> {
    var omitted: Set<String> = []
    if row["query"] != nil, Bytes(utf8: query.string) == query { omitted.insert("query") }
    if row["answer"] != nil, Bytes(utf8: answer.string) == answer { omitted.insert("answer") }
    if row.object("inputs") != nil { omitted.insert("inputs") }
    if row.object("message_metadata") != nil { omitted.insert("message_metadata") }
    return omitted
  }

  private func take(_ owner: LegacyRow?, into exchange: inout NewExchange) {
    guard let owner else { return }
    exchange.appID = app(of: owner)
    exchange.userID = user(of: owner)
  }

  // MARK: Common

  private func base(_ row: LegacyRow, _ messages: [Message], isAnswered: Bool) -> NewExchange {
    let isGateway: Bool = row.table.content == .history || row.table.content == .failures
    var exchange = NewExchange(
      appID: isGateway ? Self.gatewayApp : Self.standardApp,
      userID: LegacyText.limited(row.text("user_id"), to: 64, default: isGateway ? "0" : "unknown"),
      conversationID: LegacyText.id(row.text("conversation_id"), limit: IngestLimits.conversationID),
      modelProvider: LegacyText.limited(
        row.text("model_provider"), to: IngestLimits.modelProvider, default: Self.standardProvider),
      modelName: LegacyText.limited(
        row.text("model_name") ?? row.text("model_id"), to: IngestLimits.modelID, default: Self.standardModel),
      messages: isAnswered ? Array(messages.dropLast()) : messages, choices: isAnswered ? messages.suffix(1) : [])
    exchange.source = "migration"
    return exchange
  }

  private func placed(_ exchange: NewExchange, at row: LegacyRow) -> LegacyExchange {
    let isGateway: Bool = row.table.content == .history || row.table.content == .failures
    return LegacyExchange(
      exchange: exchange, account: account ?? (isGateway ? exchange.userID : Self.standardAccount),
      firstID: LegacyID.first(of: row, at: createdAt(row), source: source))
  }

  /// Unix milliseconds. Where a row says no time, its table's day; where that says none either, 1970.
  func createdAt(_ row: LegacyRow) -> Int64 {
    for column in ["created_at", "timestamp", "updated_at"] {
      if let time = time.milliseconds(column, in: row) { return time }
    }
    return row.table.day.flatMap { time.milliseconds(Bytes(utf8: $0)) } ?? 0
  }

  func app(of conversation: LegacyRow) -> String {
    LegacyText.limited(conversation.text("app_id"), to: 64, default: Self.standardApp)
  }

  func user(of conversation: LegacyRow) -> String {
    LegacyText.limited(
      conversation.text("from_end_user_id") ?? conversation.text("user_id"), to: 64, default: "unknown")
  }
}

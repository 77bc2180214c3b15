import Databases

/// Moves the counters of a batch, in the transaction of its rows.
extension Connection {
  func count(_ counters: BatchCounters) throws {
    try countConversations(counters)
    try countUsageByDay(counters)
    try countUsageByHour(counters)
    try countPartitions(counters)
  }

  private func countConversations(_ counters: BatchCounters) throws {
    let rows = Array(counters.conversations)
    try executeEach(
      """
      INSERT INTO conversations (
        account_id, id, app_id, user_id, name, source, model_name, dialogue_count, error_count, message_count,
        total_tokens, total_price, created_at, updated_at, last_active_at, inputs
      )
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (account_id, id) DO UPDATE SET
        model_name     = excluded.model_name,
        dialogue_count = dialogue_count + excluded.dialogue_count,
        error_count    = error_count + excluded.error_count,
        message_count  = message_count + excluded.message_count,
        total_tokens   = total_tokens + excluded.total_tokens,
        total_price    = total_price + excluded.total_price,
        created_at     = min(created_at, excluded.created_at),
        updated_at     = max(updated_at, excluded.updated_at),
        last_active_at = max(last_active_at, excluded.last_active_at)
      """,
      rows: rows.count,
      bind: { index, binds in
        let (key, change) = rows[index]
        binds.text(key.accountID.text)
        binds.text(key.id.text)
        binds.text(change.first.exchange.appID)
        binds.text(change.first.exchange.userID)
        binds.text(change.first.conversationName)
        binds.text(change.first.exchange.source)
        binds.text(change.modelName)
        binds.integer(change.dialogues)
        binds.integer(change.errors)
        binds.integer(change.messages)
        binds.integer(change.tokens)
        binds.integer(change.price)
        binds.integer(change.createdAt)
        binds.integer(change.updatedAt)
        binds.integer(change.lastActiveAt)
        binds.text(bytes: change.first.exchange.inputs)
      })
    let days: [(key: BatchCounters.ConversationKey, day: Day)] = rows.flatMap { key, change in
      change.days.map { (key, $0) }
    }
    try executeEach(
      """
      INSERT INTO verbatim_conversation_days (account_id, conversation_id, day)
      VALUES (?, ?, ?)
      ON CONFLICT (account_id, conversation_id, day) DO NOTHING
      """,
      rows: days.count,
      bind: { index, binds in
        binds.text(days[index].key.accountID.text)
        binds.text(days[index].key.id.text)
        binds.integer(Int64(days[index].day.number))
      })
  }

  private func countUsageByDay(_ counters: BatchCounters) throws {
    let rows = Array(counters.usageByDay)
    try executeEach(
      UsageColumns.upsertByDay,
      rows: rows.count,
      bind: { index, binds in
        let (key, usage) = rows[index]
        binds.integer(Int64(key.day.number))
        binds.text(key.accountID.text)
        binds.text(key.appID.text)
        binds.text(key.userID.text)
        binds.text(key.modelName.text)
        binds.text(key.status)
        usage.bind(to: binds)
      })
  }

  private func countUsageByHour(_ counters: BatchCounters) throws {
    let rows = Array(counters.usageByHour)
    try executeEach(
      UsageColumns.upsertByHour,
      rows: rows.count,
      bind: { index, binds in
        let (key, usage) = rows[index]
        binds.integer(key.hour)
        binds.text(key.accountID.text)
        binds.text(key.appID.text)
        binds.text(key.modelName.text)
        binds.integer(0)
        binds.text(key.status)
        usage.bind(to: binds)
      })
  }

  private func countPartitions(_ counters: BatchCounters) throws {
    for (day, change) in counters.partitions {
      try execute(
        """
        INSERT INTO verbatim_partitions (day, exchanges, messages, errors, bytes)
        VALUES (\(Int64(day.number)), \(change.exchanges), \(change.messages), \(change.errors), \(change.bytes))
        ON CONFLICT (day) DO UPDATE SET
          exchanges = exchanges + excluded.exchanges,
          messages  = messages + excluded.messages,
          errors    = errors + excluded.errors,
          bytes     = bytes + excluded.bytes
        """)
    }
  }
}

/// The counters of a usage row, in the order in which they are bound.
enum UsageColumns {
  static let names: [String] =
    ["exchanges", "messages", "prompt_tokens", "completion_tokens", "total_price"] + LatencyHistogram.columns

  static let upsertByDay = upsert(
    table: "verbatim_usage_by_day", key: ["day", "account_id", "app_id", "user_id", "model_name", "status"])

  static let upsertByHour = upsert(
    table: "verbatim_usage_by_hour", key: ["hour", "account_id", "app_id", "model_name", "channel_id", "status"])

  private static func upsert(table: String, key: [String]) -> String {
    let keyList: String = key.joined(separator: ", ")
    let columns: [String] = names
    let updates: String = columns.map { "\($0) = \($0) + excluded.\($0)" }.joined(separator: ", ")
    let placeholders: String = (key + columns).map { _ in "?" }.joined(separator: ", ")
    return """
      INSERT INTO \(table) (\(keyList), \(columns.joined(separator: ", ")))
      VALUES (\(placeholders))
      ON CONFLICT (\(keyList)) DO UPDATE SET \(updates)
      """
  }
}

extension BatchCounters.Usage {
  fileprivate func bind(to binds: borrowing Binds) {
    binds.integer(exchanges)
    binds.integer(messages)
    binds.integer(promptTokens)
    binds.integer(completionTokens)
    binds.integer(price)
    for index in LatencyHistogram.columns.indices {
      binds.integer(latencies.isEmpty ? 0 : latencies[index])
    }
  }
}

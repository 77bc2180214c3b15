import Databases
import VerbatimModel

/// Moves the counters of a batch, in the transaction of its rows.
extension Connection {
  /// `sorted`: rows are locked until the commit, so every writer takes them in the order of their keys.
  /// `onlyPlaces`: what was counted before is only marked where it is now.
  func count(_ counters: BatchCounters, sorted: Bool, onlyPlaces: Bool = false) throws(DatabaseError) {
    var conversations = Array(counters.conversations)
    if sorted { conversations.sort { $0.key.order < $1.key.order } }
    guard !onlyPlaces else {
      try markDays(conversations)
      return try countPartitions(counters.partitions.sorted { $0.key < $1.key })
    }
    try countConversations(conversations)
    try markDays(conversations)
    try countUsage(counters, sorted: sorted)
    try countPartitions(counters.partitions.sorted { $0.key < $1.key })
  }

  private func countConversations(
    _ rows: [(key: BatchCounters.ConversationKey, value: BatchCounters.ConversationChange)]
  ) throws(DatabaseError) {
    try insert(.conversations, rows: rows.count) { index, binds in
      let (key, change) = rows[index]
      binds.text(key.accountID.text)
      binds.text(key.id.text)
      binds.text(change.first.exchange.appID)
      binds.text(change.first.exchange.userID)
      binds.text(change.first.conversationName)
      binds.text(Conversation.Status.active.rawValue)
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
      // Sealed ones belong to their exchange's row.
      binds.text(bytes: change.first.isSealed ? nil : change.first.exchange.inputs)
    }
  }

  private func markDays(
    _ rows: [(key: BatchCounters.ConversationKey, value: BatchCounters.ConversationChange)]
  ) throws(DatabaseError) {
    let days: [(key: BatchCounters.ConversationKey, day: Day)] = rows.flatMap { key, change in
      change.days.sorted().map { (key, $0) }
    }
    try insert(.conversationDays, rows: days.count) { index, binds in
      binds.text(days[index].key.accountID.text)
      binds.text(days[index].key.id.text)
      binds.integer(Int64(days[index].day.number))
    }
  }

  private func countPartitions(_ rows: [(key: Day, value: BatchCounters.PartitionChange)]) throws(DatabaseError) {
    try insert(.partitions, rows: rows.count) { index, binds in
      let (day, change) = rows[index]
      binds.integer(Int64(day.number))
      binds.integer(change.exchanges)
      binds.integer(change.messages)
      binds.integer(change.errors)
      binds.integer(change.bytes)
      // A day that was dropped or emptied has rows again.
      binds.text("open")
    }
  }
}

extension BulkInsert {
  fileprivate static let conversations = BulkInsert(
    into: "conversations",
    [
      .init("account_id", .text), .init("id", .text), .init("app_id", .text), .init("user_id", .text),
      .init("name", .text), .init("status", .text), .init("source", .text), .init("model_name", .text),
      .init("dialogue_count", .integer),
      .init("error_count", .integer), .init("message_count", .integer), .init("total_tokens", .integer),
      .init("total_price", .integer), .init("created_at", .integer), .init("updated_at", .integer),
      .init("last_active_at", .integer), .init("inputs", .text),
    ],
    onConflict: .update(
      key: ["account_id", "id"],
      changes: [
        // What is recorded is found: a conversation that was deleted or archived comes back.
        .init("status", .replace), .init("model_name", .replace), .init("dialogue_count", .add),
        .init("error_count", .add),
        .init("message_count", .add), .init("total_tokens", .addBounded), .init("total_price", .addBounded),
        .init("created_at", .minimum), .init("updated_at", .maximum), .init("last_active_at", .maximum),
      ]))

  fileprivate static let conversationDays = BulkInsert(
    into: "verbatim_conversation_days",
    [.init("account_id", .text), .init("conversation_id", .text), .init("day", .integer)],
    onConflict: .keep(key: ["account_id", "conversation_id", "day"]))

  fileprivate static let partitions = BulkInsert(
    into: "verbatim_partitions",
    [
      .init("day", .integer), .init("exchanges", .integer), .init("messages", .integer), .init("errors", .integer),
      .init("bytes", .integer), .init("state", .text),
    ],
    onConflict: .update(
      key: ["day"],
      changes: [
        .init("exchanges", .add), .init("messages", .add), .init("errors", .add), .init("bytes", .add),
        .init("state", .replace),
      ]))
}

extension BatchCounters.ConversationKey {
  fileprivate var order: (String, String) { (accountID.text, id.text) }
}

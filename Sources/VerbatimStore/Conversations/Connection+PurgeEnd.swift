import Databases
import VerbatimModel

/// The last step of a purge.
extension Connection {
  /// Deletes the conversation itself or, where exchanges came meanwhile, makes it one of these alone.
  func end(_ purge: Purge, _ calendar: PartitionCalendar) throws {
    let conversation: Conversation = purge.conversation
    guard try lock(conversation) else { return try deleteEntry(of: conversation) }
    let days: [Day] = try activeDays(of: conversation)
    try deleteTags(of: conversation.id, account: conversation.accountID)
    try execute(
      """
      DELETE FROM conversation_settings
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      """)
    if days.isEmpty { try deleteRow(of: conversation) } else { try begin(conversation, anewWith: days, calendar) }
    try deleteEntry(of: conversation)
  }

  private func deleteRow(of conversation: Conversation) throws {
    let (account, id) = (conversation.accountID, conversation.id)
    try execute(
      """
      DELETE FROM verbatim_exchange_aliases
      WHERE account_id = \(account) AND (conversation_id = \(id) OR first_conversation_id = \(id))
      """)
    try execute("DELETE FROM conversations WHERE account_id = \(account) AND id = \(id)")
  }

  private func deleteEntry(of conversation: Conversation) throws {
    try execute(
      """
      DELETE FROM verbatim_purges
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      """)
  }

  private func begin(_ conversation: Conversation, anewWith days: [Day], _ calendar: PartitionCalendar) throws {
    var tables: [String: Bool] = [:]
    for day in days {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      for table in place.messageTables { tables[table] = false }
      for table in place.errorTables { tables[table] = true }
    }
    var sums = ConversationSums()
    for (table, hasFailures) in tables {
      sums.add(try self.sums(of: conversation, in: table, hasFailures: hasFailures))
    }
    let times: ClosedRange<Int64> = sums.times ?? conversation.createdAt...conversation.createdAt
    try execute(
      """
      UPDATE conversations
      SET name = \("Conversation " + calendar.compactTimestamp(of: times.lowerBound)), inputs = NULL, metadata = NULL,
        dialogue_count = \(sums.exchanges), message_count = \(sums.messages), error_count = \(sums.errors),
        total_tokens = \(sums.tokens), total_price = \(sums.price), created_at = \(times.lowerBound),
        last_active_at = \(times.upperBound), updated_at = updated_at + 1
      WHERE account_id = \(conversation.accountID) AND id = \(conversation.id)
      """)
  }
}

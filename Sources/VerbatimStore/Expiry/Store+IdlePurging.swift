import Databases
import VerbatimModel

/// Deletes idle conversations for good. Nobody asked for that at a moment, so nothing may go that was recorded since the
/// conversation counts as idle: an exchange that is being committed right now stays, as a conversation of its own.
extension Store {
  /// nil where it does not lie idle any more, or was recorded later than its exchanges say. What a crash cuts off is
  /// finished by maintenance.
  package func purge(_ idle: IdleConversation) async throws -> PurgeCount? {
    guard try await !hasRowsRecordedSince(idle) else { return nil }
    let now: Int64 = configuration.clock()
    let entered: Conversation? = try await managing { connection in
      try connection.transaction {
        guard try connection.archive(idle, now: now) == 1 else { return nil }
        let reach = Reach.account(idle.account)
        return try connection.enterPurge(of: idle.id, within: reach, now: now, recordedUntil: idle.limit)
      }
    }
    guard let entered else { return nil }
    replica?.note(entered)
    return try await finish(Purge(conversation: entered, recordedUntil: idle.limit))
  }

  /// As what was taken over from another program may have been.
  private func hasRowsRecordedSince(_ idle: IdleConversation) async throws -> Bool {
    let calendar: PartitionCalendar = calendar
    return try await readingHistory { connection, absent in
      let reach = Reach.account(idle.account)
      guard let conversation = try connection.conversation(idle.id, within: reach) else { return false }
      let places: [DayPlace] = try connection.activePlaces(of: conversation)
      let kinds: [HistorySpan.Kind] = [.messages, .failures]
      let ids: Range<UUIDv7> = .beforeAll ..< .behindAll
      return try HistorySpan.spans(kinds, ids: ids, places: places, absent: absent, calendar).contains { span in
        try connection.hasRows(of: idle, in: span)
      }
    }
  }
}

extension Connection {
  fileprivate func hasRows(of idle: IdleConversation, in span: HistorySpan) throws -> Bool {
    let selects: [SQL] = span.tables.map { table in
      """
      SELECT 1
      FROM \(identifier: table)
      WHERE account_id = \(idle.account) AND conversation_id = \(idle.id)
        AND id >= \(span.ids.lowerBound) AND id < \(span.ids.upperBound) AND recorded_at > \(idle.limit)
      """
    }
    return try first("\(joined: selects) LIMIT 1") { _ in true } ?? false
  }
}

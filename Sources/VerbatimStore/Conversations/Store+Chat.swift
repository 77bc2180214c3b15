import Databases
import VerbatimModel

/// What a chat goes on with.
package struct ChatContext: Sendable {
  package let conversation: Conversation
  package let settings: ConversationSettings
  /// Oldest first.
  package let messages: [StoredMessage]
}

package enum ChatPlace: Sendable {
  /// No conversation has this id yet.
  case new
  case context(ChatContext)
  /// It is somebody else's, or was deleted.
  case noConversation
}

extension Store {
  /// The conversation with its settings and its newest messages, as one moment has them. Throws `unavailable` while
  /// records wait to be delivered, which may be of this conversation: a model would be told half of it.
  package func chatContext(of id: String, within reach: Reach, limits: ChatLimits) async throws -> ChatPlace {
    guard let account = reach.account else { return .noConversation }
    guard (journalContents?.waiting ?? 0) == 0 else { throw StoreError.isBeingDelivered }
    let (calendar, keys, now): (PartitionCalendar, ContentKeys, Int64) = (calendar, contentKeys, configuration.clock())
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        guard let conversation = try connection.conversation(following: id, within: reach) else {
          return try connection.isTaken(id, in: account) ? .noConversation : .new
        }
        let settings: ConversationSettings? = try connection.settings(of: conversation)
        var rows = ConversationRows(
          conversation: conversation.id, account: account, reach: reach, place: .newest, calendar: calendar, keys: keys)
        rows.absentTables = absent
        var limits: ChatLimits = limits
        if conversation.source != IdleRule.sessionSource { limits.idleTime = nil }
        return .context(
          ChatContext(
            conversation: try keys.opened(conversation),
            settings: try settings.map { try keys.opened($0, of: conversation.place) } ?? ConversationSettings(),
            messages: try connection.window(of: rows, ChatWindow(limits, now: now)).messages))
      }
    }
  }

  /// The exchange that has claimed a key in a conversation or, where none is named, for an app's user; nil where there
  /// is none within reach.
  package func exchange(
    claiming key: String, in conversation: String?, app: String, user: String, within reach: Reach
  ) async throws -> StoredExchange? {
    guard let account = reach.account else { return nil }
    let scope: String =
      conversation.map(PendingExchange.scope(ofConversation:)) ?? PendingExchange.scope(ofApp: app, user: user)
    let id: UUIDv7? = try await reading { connection in
      try connection.first(
        """
        SELECT exchange_id
        FROM verbatim_message_keys
        WHERE account_id = \(account) AND scope = \(scope) AND "key" = \(key)
        """
      ) { try $0.uuid(0) }
    }
    guard let id else { return nil }
    return try await exchange(id, within: reach)
  }

  /// An exchange that has not failed; nil where there is none within reach.
  package func exchange(_ id: UUIDv7, within reach: Reach) async throws -> StoredExchange? {
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      var reading = CompletionReading(reach: reach, calendar: calendar, keys: keys)
      reading.absentTables = absent
      return try connection.snapshot { [reading] in try connection.exchange(id, reading) }
    }
  }

  /// Whether something of the message would not be recorded as it is.
  package func redacts(_ message: Message, of app: String) -> Bool {
    guard let redactor = redaction?.redactor(of: app) else { return false }
    var exchange = NewExchange(
      appID: app, userID: "", modelProvider: "", modelName: "", messages: [message], choices: [])
    exchange = redactor.redacted(exchange)
    return exchange.messages != [message]
  }
}

extension StoreError {
  fileprivate static let isBeingDelivered = StoreError.unavailable(
    reason: "what was said is not whole, since records are being delivered that came while the history was away",
    retryAfter: .seconds(1))
}

extension Connection {
  /// Whether an id is a conversation's that its caller does not reach, or that was deleted.
  fileprivate func isTaken(_ id: String, in account: String) throws -> Bool {
    let reach = Reach.account(account)
    return try conversation(following: id, within: reach) != nil
      || conversation(following: id, within: reach, isDeleted: true) != nil
  }

  /// Reads as many rows as the window takes; of an answer with several choices the first.
  fileprivate func window(of rows: ConversationRows, _ empty: ChatWindow) throws -> ChatWindow {
    let piece: Int? = try dialect().readsLazily ? nil : 20
    var window: ChatWindow = empty
    var days: ConversationDays? = try self.days(of: rows)
    while let found = days {
      for group in rows.groups(of: found.places) {
        let isMoreWanted: Bool = try forEachRow(of: rows, in: group, inPiecesOf: piece) { row in
          let row = HistoryRow(row, rows.keys)
          guard (row.choiceIndex ?? 0) == 0 else { return true }
          return window.take(StoredMessage(id: try row.id(), message: try row.message(), createdAt: row.createdAt))
        }
        guard isMoreWanted else { return window }
      }
      guard found.hasMore, let last = found.places.last else { break }
      days = try self.days(of: rows, behind: last.day)
    }
    return window
  }
}

import Databases
import VerbatimModel

extension Store {
  /// nil where there is no such conversation; empty ones where nothing was set.
  package func settings(of conversation: String, within reach: Reach) async throws -> ConversationSettings? {
    let keys: ContentKeys = contentKeys
    return try await reading { connection in
      guard let found = try connection.conversation(following: conversation, within: reach) else { return nil }
      return try connection.settings(of: found).map { try keys.opened($0, of: found.place) } ?? ConversationSettings()
    }
  }

  /// Puts these in the place of those that there are; nil where there is no such conversation.
  package func setSettings(
    _ settings: ConversationSettings, of conversation: String, within reach: Reach
  ) async throws -> ConversationSettings? {
    let (now, redaction, keys) = (configuration.clock(), redaction, contentKeys)
    return try await managing { connection in
      try connection.transaction {
        guard let found = try connection.conversation(following: conversation, within: reach),
          try connection.lock(found)
        else { return nil }
        let settings: ConversationSettings = settings.redacted(by: redaction?.redactor(of: found.appID))
        try connection.write(keys.sealed(settings, of: found.place), of: found, now: now)
        return try connection.settings(of: found).map { try keys.opened($0, of: found.place) }
      }
    }
  }
}

extension Connection {
  func settings(of conversation: Conversation) throws -> ConversationSettings? {
    try first(
      """
      SELECT temperature, max_tokens, top_p, frequency_penalty, presence_penalty, stop_sequences, system_message,
        updated_at
      FROM conversation_settings
      WHERE account_id = \(conversation.accountID) AND conversation_id = \(conversation.id)
      """
    ) { row in
      var settings = ConversationSettings()
      settings.temperature = row.optionalReal(0)
      settings.maxTokens = row.optionalInteger(1)
      settings.topP = row.optionalReal(2)
      settings.frequencyPenalty = row.optionalReal(3)
      settings.presencePenalty = row.optionalReal(4)
      settings.stopSequences = row.bytes(5)
      settings.systemMessage = row.optionalText(6)
      settings.updatedAt = row.integer(7)
      return settings
    }
  }

  fileprivate func write(_ settings: ConversationSettings, of conversation: Conversation, now: Int64) throws {
    try insert(.conversationSettings, rows: 1) { _, binds in
      binds.text(conversation.accountID)
      binds.text(conversation.id)
      binds.real(settings.temperature)
      binds.integer(settings.maxTokens)
      binds.real(settings.topP)
      binds.real(settings.frequencyPenalty)
      binds.real(settings.presencePenalty)
      binds.text(bytes: settings.stopSequences)
      binds.text(settings.systemMessage)
      binds.integer(now)
      binds.integer(now)
    }
  }
}

extension BulkInsert {
  fileprivate static let conversationSettings: BulkInsert = {
    let values: [Column] = [
      .init("temperature", .real), .init("max_tokens", .integer), .init("top_p", .real),
      .init("frequency_penalty", .real), .init("presence_penalty", .real), .init("stop_sequences", .text),
      .init("system_message", .text),
    ]
    return BulkInsert(
      into: "conversation_settings",
      [.init("account_id", .text), .init("conversation_id", .text)] + values
        + [.init("created_at", .integer), .init("updated_at", .integer)],
      onConflict: .update(
        key: ["account_id", "conversation_id"],
        changes: (values.map(\.name) + ["updated_at"]).map { .init($0, .replace) }))
  }()
}

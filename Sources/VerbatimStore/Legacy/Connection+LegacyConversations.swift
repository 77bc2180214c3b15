import Databases
import VerbatimModel

/// What tables of conversations and their settings become: no rows of the history, but what is said of conversations.
extension Connection {
  /// Enters conversations, also those without messages; what their table says wins over what their messages made.
  func enterLegacyConversations(
    _ rows: [LegacyRow], _ mapping: LegacyMapping, _ redaction: StoreRedaction?, _ keys: ContentKeys, now: Int64
  ) throws {
    let named: [LegacyRow] = rows.filter { Self.name(of: $0) != nil }
    try enter(named, into: .titledConversations, mapping, redaction, keys, now: now)
    try enter(
      rows.filter { Self.name(of: $0) == nil }, into: .untitledConversations, mapping, redaction, keys, now: now)
  }

  private func enter(
    _ rows: [LegacyRow], into bulk: BulkInsert, _ mapping: LegacyMapping, _ redaction: StoreRedaction?,
    _ keys: ContentKeys, now: Int64
  ) throws {
    let rows: [LegacyRow] = rows.sorted { $0.id < $1.id }
    try insert(bulk, rows: rows.count) { index, binds in
      let row: LegacyRow = rows[index]
      let status = Self.status(of: row)
      let redactor: Redactor? = redaction?.redactor(of: mapping.app(of: row))
      let name: String? = Self.name(of: row).map { redactor?.name($0) ?? $0 }
      let created: Int64? = mapping.time.milliseconds("created_at", in: row)
      let updated: Int64? = mapping.time.milliseconds("updated_at", in: row)
      let active: Int64? = mapping.time.milliseconds("last_active", in: row)
      let begun: Int64 = created ?? active ?? updated ?? now
      let place = ConversationPlace(
        account: mapping.account ?? LegacyMapping.standardAccount,
        id: LegacyText.id(row.id, limit: IngestLimits.conversationID) ?? "")
      binds.text(place.account)
      binds.text(place.id)
      binds.text(mapping.app(of: row))
      binds.text(mapping.user(of: row))
      binds.text(keys.sealed(name ?? "Conversation \(row.id)".prefix(255).description, of: place, .conversationName))
      binds.text(status.rawValue)
      binds.text(LegacyText.limited(row.text("from_source"), to: 32, default: "migration"))
      binds.integer(begun)
      binds.integer(updated ?? active ?? begun)
      binds.integer(active ?? begun)
      binds.integer(status == .deleted ? updated ?? begun : nil)
      binds.text(
        bytes: (row.object("inputs")?.bytes).map { inputs in
          keys.sealed(redactor?.json(inputs) ?? inputs, of: place, .conversationInputs)
        })
      let omitted: Set<String> = row.object("inputs") == nil ? [] : ["inputs"]
      let metadata: Bytes = LegacyRecord(row, omitted: omitted).metadata()
      binds.text(bytes: keys.sealed(redactor?.json(metadata) ?? metadata, of: place, .conversationMetadata))
    }
  }

  private static func name(of row: LegacyRow) -> String? {
    let name: String = LegacyText.limited(row.text("title") ?? row.text("name"), to: 255) ?? ""
    return name.contains { !$0.isWhitespace } ? name : nil
  }

  private static func status(of row: LegacyRow) -> Conversation.Status {
    row.text("status").flatMap { Conversation.Status(rawValue: $0) } ?? .active
  }

  /// Settings name no app.
  func enterLegacySettings(
    _ rows: [LegacyRow], _ mapping: LegacyMapping, _ redaction: StoreRedaction?, _ keys: ContentKeys, now: Int64
  ) throws {
    let redactor: Redactor? = redaction?.redactor(of: "")
    let rows: [LegacyRow] = rows.sorted { ($0.text("conversation_id") ?? "") < ($1.text("conversation_id") ?? "") }
    try insert(.conversationSettings, rows: rows.count) { index, binds in
      let row: LegacyRow = rows[index]
      let created: Int64 = mapping.time.milliseconds("created_at", in: row) ?? now
      let place = ConversationPlace(
        account: mapping.account ?? LegacyMapping.standardAccount,
        id: LegacyText.id(row.text("conversation_id"), limit: IngestLimits.conversationID) ?? "")
      let message: String? = LegacyText.limited(row.text("system_message"), to: .max).map { redactor?.text($0) ?? $0 }
      binds.text(place.account)
      binds.text(place.id)
      binds.real(row.text("temperature").flatMap { Double($0) })
      binds.integer(row.integer("max_tokens"))
      binds.real(row.text("top_p").flatMap { Double($0) })
      binds.real(row.text("frequency_penalty").flatMap { Double($0) })
      binds.real(row.text("presence_penalty").flatMap { Double($0) })
      binds.text(bytes: row["stop_sequences"].map { keys.sealed($0, of: place, .stopSequences) })
      binds.text(message.map { keys.sealed($0, of: place, .systemMessage) })
      binds.integer(created)
      binds.integer(mapping.time.milliseconds("updated_at", in: row) ?? created)
    }
  }
}

extension BulkInsert {
  fileprivate static let titledConversations = conversations(changing: ["name"])
  fileprivate static let untitledConversations = conversations(changing: [])

  private static func conversations(changing names: [String]) -> BulkInsert {
    BulkInsert(
      into: "conversations",
      [
        .init("account_id", .text), .init("id", .text), .init("app_id", .text), .init("user_id", .text),
        .init("name", .text), .init("status", .text), .init("source", .text), .init("created_at", .integer),
        .init("updated_at", .integer), .init("last_active_at", .integer), .init("deleted_at", .integer),
        .init("inputs", .text), .init("metadata", .text),
      ],
      onConflict: .update(
        key: ["account_id", "id"],
        changes: (names + ["app_id", "user_id", "status", "source", "deleted_at", "inputs", "metadata"]).map {
          .init($0, .replace)
        } + [
          .init("created_at", .minimum), .init("updated_at", .maximum), .init("last_active_at", .maximum),
        ]))
  }

  fileprivate static let conversationSettings: BulkInsert = {
    let values: [Column] = [
      .init("temperature", .real), .init("max_tokens", .integer), .init("top_p", .real),
      .init("frequency_penalty", .real), .init("presence_penalty", .real), .init("stop_sequences", .text),
      .init("system_message", .text), .init("created_at", .integer), .init("updated_at", .integer),
    ]
    return BulkInsert(
      into: "conversation_settings", [.init("account_id", .text), .init("conversation_id", .text)] + values,
      onConflict: .update(key: ["account_id", "conversation_id"], changes: values.map { .init($0.name, .replace) }))
  }()
}

/// What the body of `POST /api/chat` says and asks for.
package struct ChatTurn: Sendable {
  private enum Key: String, CaseIterable {
    case message, model, stream, cache, metadata, temperature
    /// As OpenAI calls `stop_sequences`.
    case stop
    case conversationID = "conversation_id"
    case clientMessageID = "client_message_id"
    case appID = "app_id"
    case userID = "user_id"
    case maxTokens = "max_tokens"
    case topP = "top_p"
    case frequencyPenalty = "frequency_penalty"
    case presencePenalty = "presence_penalty"
    case stopSequences = "stop_sequences"
    case systemMessage = "system_message"
  }

  private static let keys = JSONKeyTable(Key.allCases)

  package let question: Message
  /// nil begins a conversation.
  package let conversationID: String?
  package var clientMessageID: String?
  package let model: String?
  package let isStream: Bool
  /// Whether the answer may come from the cache; nil: as the settings have it.
  package let usesCache: Bool?
  package let appID: String?
  package let userID: String?
  /// JSON object.
  package let metadata: Bytes?
  /// Of this turn; what they leave open is the conversation's.
  package let settings: ConversationSettings
  /// The body as it was sent. Where the question's row gives its very bytes back, it is empty here.
  package let kept: KeptRequest

  /// Fields that it does not know mean nothing and are kept. `onlyApp` and `onlyUser`: the ones that may be named.
  package init(parsing json: Bytes, onlyApp: String?, onlyUser: String?) throws(InvalidExchange) {
    let body: JSONSlice = try .body(json)
    let found = JSONKnownFields(body, Self.keys) { _ in }
    func field(_ key: Key) -> FieldValue { FieldValue(key.rawValue, found[key]) }
    guard let message = found[.message] else { throw .missing(Key.message.rawValue) }
    question = Message(role: "user", text: try field(.message).requiredText(), json: message)
    conversationID = try field(.conversationID).id(limit: IngestLimits.conversationID)
    clientMessageID = try field(.clientMessageID).id(limit: IngestLimits.clientMessageID)
    model = try field(.model).id(limit: IngestLimits.modelID)
    isStream = try field(.stream).boolean() ?? false
    usesCache = try field(.cache).boolean()
    appID = try Self.name(field(.appID), limit: IngestLimits.appID, only: onlyApp)
    userID = try Self.name(field(.userID), limit: IngestLimits.userID, only: onlyUser)
    metadata = try field(.metadata).object()?.bytes
    settings = try ConversationSettings { key in
      if key == .stopSequences, found[.stop] != nil { return field(.stop) }
      return Key(rawValue: key.rawValue).map(field) ?? FieldValue(key.rawValue, nil)
    }
    kept = KeptRequest(body: body.bytes, question: message, of: question, isRepeated: found.hasRepeats)
  }

  private static func name(
    _ field: FieldValue, limit: Int, only allowed: String?
  ) throws(InvalidExchange) -> String? {
    guard let allowed else { return try field.id(limit: limit) }
    return try field.requiredID(limit: limit, only: allowed)
  }
}

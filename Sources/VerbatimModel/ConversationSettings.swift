/// How a model is to answer in a conversation; nil leaves it to the model.
package struct ConversationSettings: Sendable, Equatable {
  package var temperature: Double?
  package var maxTokens: Int64?
  package var topP: Double?
  package var frequencyPenalty: Double?
  package var presencePenalty: Double?
  /// JSON array of strings.
  package var stopSequences: Bytes?
  package var systemMessage: String?
  /// Unix milliseconds, UTC; nil where nothing was set yet.
  package var updatedAt: Int64?

  package init() {}
}

extension ConversationSettings {
  enum Key: String, CaseIterable {
    case temperature
    case maxTokens = "max_tokens"
    case topP = "top_p"
    case frequencyPenalty = "frequency_penalty"
    case presencePenalty = "presence_penalty"
    case stopSequences = "stop_sequences"
    case systemMessage = "system_message"
    /// Told, and passed over in a body, so that an answer can be sent back changed.
    case updatedAt = "updated_at"
  }

  private static let keys = JSONKeyTable(Key.allCases)
  private static let mostStopSequences = 4

  /// From a JSON object; a field that it does not know is refused, since it would have no effect.
  package init(json: Bytes) throws(InvalidExchange) {
    let body: JSONSlice = try .body(json)
    var unknown: String?
    let found = JSONKnownFields(body, Self.keys) { unknown = unknown ?? $0.key.text.string }
    if let unknown { throw .unknown(unknown) }
    try self.init { FieldValue($0.rawValue, found[$0]) }
  }

  /// From the fields of a body that may have others, too.
  init(_ field: (Key) -> FieldValue) throws(InvalidExchange) {
    temperature = try field(.temperature).number(within: 0...2)
    maxTokens = try field(.maxTokens).integer(within: 1...Int64(Int32.max))
    topP = try field(.topP).number(within: 0...1)
    frequencyPenalty = try field(.frequencyPenalty).number(within: -2...2)
    presencePenalty = try field(.presencePenalty).number(within: -2...2)
    systemMessage = try field(.systemMessage).id(limit: IngestLimits.objectSize)
    stopSequences = try Self.stopSequences(field(.stopSequences))
  }

  /// What these leave open is as in others.
  package func completed(by others: ConversationSettings) -> ConversationSettings {
    var settings = self
    settings.temperature = temperature ?? others.temperature
    settings.maxTokens = maxTokens ?? others.maxTokens
    settings.topP = topP ?? others.topP
    settings.frequencyPenalty = frequencyPenalty ?? others.frequencyPenalty
    settings.presencePenalty = presencePenalty ?? others.presencePenalty
    settings.stopSequences = stopSequences ?? others.stopSequences
    settings.systemMessage = systemMessage ?? others.systemMessage
    return settings
  }

  private static func stopSequences(_ field: FieldValue) throws(InvalidExchange) -> Bytes? {
    guard let value = field.value else { return nil }
    for (index, sequence) in try field.array(limit: mostStopSequences).enumerated() {
      _ = try FieldValue("\(field.name)[\(index)]", sequence).requiredID(limit: IngestLimits.name)
    }
    return value.bytes
  }
}

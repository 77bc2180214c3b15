import HTTP
import VerbatimModel
import VerbatimStore

/// What belongs to conversations: settings, files, failed exchanges, statistics.
struct ConversationPartHandlers: Sendable {
  private static let limits = 1...100

  let store: Store
  let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    bodyLimit = configuration.server.maximumBodySize
  }

  @Sendable func settings(_ request: HTTPRequest) async throws -> HTTPResponse {
    try answer(try await store.settings(of: request.conversationID, within: request.caller.reach))
  }

  @Sendable func setSettings(_ request: HTTPRequest) async throws -> HTTPResponse {
    let settings = try ConversationSettings(json: try await request.json(upTo: bodyLimit))
    return try answer(try await store.setSettings(settings, of: request.conversationID, within: request.caller.reach))
  }

  @Sendable func files(_ request: HTTPRequest) async throws -> HTTPResponse {
    let limit = try request.number("limit", within: Self.limits, standard: 20)
    let found = try await store.files(
      of: request.conversationID, within: request.caller.reach, behind: try request.id("after"), limit: limit)
    guard let page = found else { throw APIError.noConversation }
    var json = JSONWriter()
    json.beginObject()
    json.key("files")
    json.beginArray()
    for file in page.files { json.attachment(file.attachment, of: file.exchangeID) }
    json.endArray()
    json.key("has_more")
    json.boolean(page.hasMore)
    json.endObject()
    return .json(json)
  }

  /// The body of a request that came through the gateway, byte for byte as it was sent.
  @Sendable func request(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let exchange = UUIDv7(request.parameters["exchange_id"] ?? ""),
      let body = try await store.requestBody(
        of: exchange, in: request.conversationID, within: request.caller.reach)
    else { throw APIError.notFound("the conversation has no such exchange, or none that came through the gateway") }
    return HTTPResponse(status: 200, fields: ["Content-Type": "application/json"], body: .bytes(Array(body)))
  }

  /// Of one conversation, or of all within reach.
  @Sendable func failures(_ request: HTTPRequest) async throws -> HTTPResponse {
    var query = FailureQuery(try request.caller.reach)
    query.conversation = request.parameters["conversation_id"]
    query.modelName = try request.parameter("model", longest: IngestLimits.modelID)
    query.code = try request.parameter("code", longest: IngestLimits.code)
    query.created = try request.times()
    query.before = try request.id("cursor")
    query.limit = try request.number("limit", within: Self.limits, standard: 20)
    guard let page = try await store.failures(matching: query) else { throw APIError.noConversation }
    var json = JSONWriter()
    json.beginObject()
    json.key("errors")
    json.beginArray()
    for failure in page.failures { json.exchange(failure) }
    json.endArray()
    json.key("next_cursor")
    if let next = page.next { json.uuid(next) } else { json.null() }
    json.endObject()
    return .json(json)
  }

  @Sendable func statistics(_ request: HTTPRequest) async throws -> HTTPResponse {
    let statistics = try await store.statistics(within: request.caller.reach)
    var json = JSONWriter()
    json.beginObject()
    json.key("total_conversations")
    json.integer(statistics.conversations)
    json.key("total_messages")
    json.integer(statistics.messages)
    json.key("total_tokens")
    json.integer(statistics.tokens)
    json.key("models_used")
    json.counts(statistics.exchangesByModel.map { ($0.model, $0.count) })
    json.key("daily_message_count")
    json.counts(statistics.messagesByDay.map { ($0.day.description, $0.count) })
    json.endObject()
    return .json(json)
  }

  private func answer(_ settings: ConversationSettings?) throws(APIError) -> HTTPResponse {
    guard let settings else { throw .noConversation }
    var json = JSONWriter()
    json.settings(settings)
    return .json(json)
  }
}

extension JSONWriter {
  fileprivate mutating func settings(_ settings: ConversationSettings) {
    beginObject()
    key("temperature")
    double(orNull: settings.temperature)
    key("max_tokens")
    integer(orNull: settings.maxTokens)
    key("top_p")
    double(orNull: settings.topP)
    key("frequency_penalty")
    double(orNull: settings.frequencyPenalty)
    key("presence_penalty")
    double(orNull: settings.presencePenalty)
    key("stop_sequences")
    raw(orNull: settings.stopSequences)
    key("system_message")
    string(orNull: settings.systemMessage)
    key("updated_at")
    if let time = settings.updatedAt { timestamp(time) } else { null() }
    endObject()
  }

  private mutating func double(orNull value: Double?) {
    if let value { double(value) } else { null() }
  }

  fileprivate mutating func counts(_ counts: [(String, Int64)]) {
    beginObject()
    for (name, count) in counts {
      key(text: name)
      integer(count)
    }
    endObject()
  }
}

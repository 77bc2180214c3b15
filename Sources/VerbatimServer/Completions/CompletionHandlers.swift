import HTTP
import VerbatimModel
import VerbatimStore

/// Stored completions as OpenAI's clients ask for them: Verbatim's own history, by the ids that providers gave.
struct CompletionHandlers: Sendable {
  private static let limits = 1...100

  let store: Store
  let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    bodyLimit = configuration.server.maximumBodySize
  }

  /// `{"object": "list", "data", "first_id", "last_id", "has_more"}`, oldest first unless asked otherwise.
  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let page = try await store.completions(matching: try Self.query(request)) else {
      throw APIError.invalid("after must be the id of a stored completion")
    }
    var json = JSONWriter(reservingCapacity: 4096)
    json.list(page.completions, hasMore: page.hasMore, id: \.id) { json, completion in
      json.completion(completion.exchange, id: completion.id)
    }
    return .json(json)
  }

  @Sendable func completion(_ request: HTTPRequest) async throws -> HTTPResponse {
    try answer(request, try await store.completion(request.completionID, within: request.caller.reach))
  }

  /// `{"metadata": {…} | null}`.
  @Sendable func update(_ request: HTTPRequest) async throws -> HTTPResponse {
    let metadata = try OpenAIMetadata.parse(try await request.json(upTo: bodyLimit))
    let found = try await store.setMetadata(
      metadata, ofCompletion: request.completionID, within: request.caller.reach)
    return try answer(request, found)
  }

  @Sendable func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
    let reach = try request.caller.reach
    guard let found = try await store.completion(request.completionID, within: reach),
      try await store.forgetCompletion(request.completionID, within: reach)
    else { throw APIError.noCompletion }
    AuditNotes.current?.add(conversation: found.conversationID)
    var json = JSONWriter()
    json.deleted(request.completionID, object: "chat.completion.deleted")
    return .json(json)
  }

  /// What was asked: the messages of the request, with ids `<completion id>-<n>`.
  @Sendable func messages(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = request.completionID
    let reach = try request.caller.reach
    let limit = try request.number("limit", within: Self.limits, standard: 20)
    guard let exchange = try await store.completion(id, within: reach) else { throw APIError.noCompletion }
    AuditNotes.current?.add(conversation: exchange.conversationID)
    var messages = Array((try await elements(of: exchange, within: reach)).enumerated())
    if try request.choice("order", of: ListOrder.self) == .desc { messages.reverse() }
    if let after = request.queryParameter("after"), !after.isEmpty {
      guard let place = messages.firstIndex(where: { "\(id)-\($0.offset)" == after }) else {
        throw APIError.invalid("after must be the id of a message of this completion")
      }
      messages.removeFirst(place + 1)
    }
    var json = JSONWriter(reservingCapacity: 4096)
    json.list(
      Array(messages.prefix(limit)), hasMore: messages.count > limit, id: { "\(id)-\($0.offset)" }
    ) { json, message in json.storedMessage(message.element, id: "\(id)-\(message.offset)") }
    return .json(json)
  }

  /// As the request wrote them; where it cannot be written again, those that its rows hold.
  private func elements(of exchange: StoredExchange, within reach: Reach) async throws -> [JSONSlice] {
    if let kept = KeptRequest(stored: exchange.request), let field = kept.emptied,
      let body = try await store.requestBody(of: exchange.id, in: exchange.conversationID, within: reach),
      let array = JSONSlice(trusting: body)[field], array.kind == .array
    {
      return Array(array.elements)
    }
    return exchange.messages.map { message in
      var json = JSONWriter()
      json.message(message)
      return JSONSlice(trusting: json.bytes[...])
    }
  }

  private func answer(_ request: HTTPRequest, _ exchange: StoredExchange?) throws(APIError) -> HTTPResponse {
    guard let exchange else { throw .noCompletion }
    AuditNotes.current?.add(conversation: exchange.conversationID)
    var json = JSONWriter(reservingCapacity: 4096)
    json.completion(exchange, id: request.completionID)
    return .json(json)
  }

  private static func query(_ request: HTTPRequest) throws(APIError) -> CompletionQuery {
    let limit = try request.number("limit", within: limits, standard: 20)
    var query = CompletionQuery(reach: try request.caller.reach, limit: limit)
    query.model = try request.parameter("model", longest: IngestLimits.modelID)
    query.after = try request.parameter("after", longest: IngestLimits.code)
    query.isNewestFirst = try request.choice("order", of: ListOrder.self) == .desc
    for (name, value) in request.queryParameters where name.hasPrefix("metadata[") && name.hasSuffix("]") {
      query.metadata[String(name.dropFirst("metadata[".count).dropLast())] = value
    }
    return query
  }
}

enum ListOrder: String, CaseIterable { case asc, desc }

extension HTTPRequest {
  fileprivate var completionID: String { parameters["completion_id"] ?? "" }
}

extension APIError {
  static let noCompletion = APIError.notFound("there is no such completion")
}

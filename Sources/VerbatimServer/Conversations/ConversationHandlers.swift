import HTTP
import VerbatimModel
import VerbatimStore

/// Lists conversations, reads and changes them.
struct ConversationHandlers: Sendable {
  private static let limits = 1...100

  let store: Store
  let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    bodyLimit = configuration.server.maximumBodySize
  }

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let page = try await store.conversations(matching: try ConversationQuery(request))
    var json = JSONWriter(reservingCapacity: page.conversations.count * 512 + 128)
    json.beginObject()
    json.key("conversations")
    json.beginArray()
    for conversation in page.conversations { json.managed(conversation, isWhole: false) }
    json.endArray()
    json.key("next_cursor")
    json.string(orNull: page.next?.text)
    json.endObject()
    return .json(json)
  }

  /// The messages in OpenAI form, oldest first.
  @Sendable func messages(_ request: HTTPRequest) async throws -> HTTPResponse {
    let limit = try request.number("limit", within: Self.limits, standard: 50)
    let place = try Self.place(request)
    let found = try await store.messages(
      of: request.conversationID, within: request.caller.reach, from: place, limit: limit)
    guard let page = found else { throw APIError.noConversation }
    var json = JSONWriter(reservingCapacity: page.textBytes * 9 / 8 + page.messages.count * 128 + 1024)
    json.beginObject()
    json.key("conversation")
    json.managed(page.conversation, isWhole: true)
    json.key("messages")
    json.beginArray()
    for stored in page.messages { json.message(stored.message) }
    json.endArray()
    json.key("has_more")
    json.boolean(page.hasMore)
    for (name, stored) in [("first_id", page.messages.first), ("last_id", page.messages.last)] {
      json.key(text: name)
      if let stored { json.uuid(stored.id) } else { json.null() }
    }
    json.endObject()
    return .json(json)
  }

  @Sendable func change(_ request: HTTPRequest) async throws -> HTTPResponse {
    let change = try ConversationChange(json: try await request.json(upTo: bodyLimit))
    return try answer(try await store.change(request.conversationID, change, within: request.caller.reach))
  }

  @Sendable func restore(_ request: HTTPRequest) async throws -> HTTPResponse {
    try answer(try await store.restore(request.conversationID, within: request.caller.reach))
  }

  /// Hides it, or with `purge=true` deletes it for good.
  @Sendable func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
    enum Answer: String, CaseIterable { case yes = "true", no = "false" }
    if try request.choice("purge", of: Answer.self) == .yes { return try await purge(request) }
    guard try await store.delete(request.conversationID, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    var json = JSONWriter()
    json.beginObject()
    json.key("message")
    json.string("conversation deleted")
    json.endObject()
    return .json(json)
  }

  @Sendable func purge(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let count = try await store.purge(request.conversationID, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    AuditNotes.current?.add("purged_exchanges", "\(count.exchanges)")
    AuditNotes.current?.add("purged_errors", "\(count.failures)")
    var json = JSONWriter()
    json.beginObject()
    json.key("message")
    json.string("conversation purged")
    json.key("exchanges")
    json.integer(count.exchanges)
    json.key("messages")
    json.integer(count.messages)
    json.key("errors")
    json.integer(count.failures)
    json.endObject()
    return .json(json)
  }

  private func answer(_ conversation: Conversation?) throws(APIError) -> HTTPResponse {
    guard let conversation else { throw .noConversation }
    var json = JSONWriter(reservingCapacity: (conversation.metadata?.count ?? 0) + 1024)
    json.managed(conversation, isWhole: true)
    return .json(json)
  }

  private static func place(_ request: HTTPRequest) throws(APIError) -> PagePlace {
    switch (try request.id("before"), try request.id("after")) {
    case (nil, nil): return .newest
    case (let id?, nil): return .before(id)
    case (nil, let id?): return .after(id)
    case (_?, _?): throw .invalid("before and after do not go together")
    }
  }
}

extension HTTPRequest {
  /// Of the path.
  var conversationID: String { parameters["conversation_id"] ?? "" }

  /// The whole body of a request that must be JSON.
  func json(upTo limit: Int) async throws -> Bytes {
    guard case .json = try ContentType(fields) else {
      throw APIError.unsupportedMediaType("the body must be application/json")
    }
    return try await body.collect(upTo: limit)[...]
  }
}

extension JSONSlice {
  /// The JSON that a body is; throws 400 with the place where it is none.
  init(body: Bytes) throws(APIError) {
    do {
      self = try JSONSlice(checking: body)
    } catch {
      throw .malformed("not JSON at byte \(error.offset): \(error.reason)")
    }
  }
}

extension APIError {
  static let noConversation = APIError.notFound("there is no such conversation")
}

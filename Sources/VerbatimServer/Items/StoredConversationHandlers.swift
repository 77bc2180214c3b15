import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Conversations as OpenAI's clients make, read and change them under /v1: those of the history, by their own ids.
struct StoredConversationHandlers: Sendable {
  private let store: Store
  private let defaults: IngestDefaults
  private let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    defaults = configuration.ingestDefaults
    bodyLimit = configuration.server.maximumBodySize
  }

  /// `{"metadata"?, "items"?}`.
  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    let caller = try request.caller
    let recording = try Recording(request, to: store, defaults: defaults)
    let body = try await request.openAIBody(upTo: bodyLimit)
    let metadata = body["metadata"]
    let messages = try NewItems.messages(body["items"])
    var new = NewConversation(
      appID: try CallRecord.app(request, caller),
      userID: caller.reach.user ?? metadata?["user_id"]?.userID ?? CallRecord.anybody)
    new.metadata = try OpenAIMetadata.check(metadata)
    new.messages = messages
    let made = try await store.begin(new, account: try caller.recordingAccount())
    AuditNotes.current?.add(conversation: made.id)
    var response = Self.answer(made)
    guard !messages.isEmpty else { return response }
    if try await recording.append(recording.unanswered(messages, in: made)).isJournaled { response.sayJournaled() }
    return response
  }

  @Sendable func conversation(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let found = try await store.conversation(request.conversationID, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    return Self.answer(found)
  }

  /// `{"metadata": {…} | null}`; absent, it stays as it is.
  @Sendable func update(_ request: HTTPRequest) async throws -> HTTPResponse {
    let body = try await request.openAIBody(upTo: bodyLimit)
    var change = ConversationChange()
    if let metadata = body["metadata"] {
      change.metadata = try OpenAIMetadata.check(metadata).map { .replace($0) } ?? .remove
    }
    guard
      let changed = try await store.change(request.conversationID, change, within: request.caller.reach)
    else { throw APIError.noConversation }
    return Self.answer(changed)
  }

  @Sendable func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard try await store.delete(request.conversationID, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    var json = JSONWriter()
    json.deleted(request.conversationID, object: "conversation.deleted")
    return .json(json)
  }

  static func answer(_ conversation: Conversation) -> HTTPResponse {
    var json = JSONWriter(reservingCapacity: (conversation.metadata?.count ?? 0) + 256)
    json.beginObject()
    json.key("id")
    json.string(conversation.id)
    json.key("object")
    json.string("conversation")
    json.key("created_at")
    json.integer(conversation.createdAt / 1000)
    json.key("metadata")
    json.raw(conversation.metadata ?? Bytes(utf8: "{}"))
    json.endObject()
    return .json(json)
  }
}

extension HTTPRequest {
  /// The object that a body is; an empty one where nothing was sent.
  func openAIBody(upTo limit: Int) async throws -> JSONSlice {
    let bytes = try await body.collect(upTo: limit)
    guard !bytes.isEmpty else { return JSONSlice(trusting: Bytes(utf8: "{}")) }
    guard case .json = try ContentType(fields) else {
      throw APIError.unsupportedMediaType("the body must be application/json")
    }
    let json = try JSONSlice(body: bytes[...])
    guard json.kind == .object else { throw APIError.invalid("the body must be a JSON object") }
    return json
  }
}

extension JSONSlice {
  /// nil for what is no user's id.
  fileprivate var userID: String? {
    guard let text = string, text.isExact, !text.isEmpty else { return nil }
    return EndUser.id(text.string)
  }
}

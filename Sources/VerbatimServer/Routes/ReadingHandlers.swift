import HTTP
import VerbatimModel
import VerbatimStore

/// Gives back what was recorded.
struct ReadingHandlers: Sendable {
  private static let limits = 1...100
  private static let standardLimit = 20

  let store: Store

  @Sendable func conversation(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = request.parameters["conversation_id"] ?? ""
    guard let conversation = try await store.conversation(id, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    var json = JSONWriter(reservingCapacity: 512)
    json.conversation(conversation)
    return .json(json)
  }

  @Sendable func messages(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = request.parameters["conversation_id"] ?? ""
    let limit = try request.number("limit", within: Self.limits, standard: Self.standardLimit)
    let page = try await page(of: id, within: request.caller.reach, from: try Self.place(request), limit: limit)
    var json = JSONWriter(reservingCapacity: page.textBytes * 9 / 8 + page.exchanges.count * 1024 + 256)
    json.beginObject()
    json.key("limit")
    json.integer(limit)
    json.key("has_more")
    json.boolean(page.hasMore)
    json.key("data")
    json.beginArray()
    // Elements of a span are borrowed, those of an array would be copied.
    let exchanges = page.exchanges.span
    for index in exchanges.indices { json.exchange(exchanges[index]) }
    json.endArray()
    json.endObject()
    return .json(json)
  }

  private func page(
    of conversation: String, within reach: Reach, from place: PagePlace, limit: Int
  ) async throws -> ExchangePage {
    switch try await store.exchanges(of: conversation, within: reach, from: place, limit: limit) {
    case .page(let page): return page
    case .noConversation: throw APIError.noConversation
    case .noCursor: throw APIError.notFound("first_id or last_id is no message of this conversation")
    }
  }

  /// As Dify pages: the newest page first, `first_id` goes back. With `order=asc` the oldest first, `last_id` goes on.
  private static func place(_ request: HTTPRequest) throws(APIError) -> PagePlace {
    let first = try messageID("first_id", of: request)
    let last = try messageID("last_id", of: request)
    let order = request.queryParameter("order") ?? (last == nil ? "desc" : "asc")
    switch (order, first, last) {
    case ("desc", nil, nil): return .newest
    case ("asc", nil, nil): return .oldest
    case ("desc", let first?, nil): return .before(first)
    case ("asc", nil, let last?): return .after(last)
    case ("asc", _, _), ("desc", _, _):
      throw .invalid("first_id goes with order=desc, last_id with order=asc, and not both at once")
    default: throw .invalid("order must be asc or desc")
    }
  }

  private static func messageID(_ name: String, of request: HTTPRequest) throws(APIError) -> UUIDv7? {
    guard let text = request.queryParameter(name), !text.isEmpty else { return nil }
    guard let id = UUIDv7(text) else { throw .invalid("\(name) must be a message_id") }
    return id
  }
}

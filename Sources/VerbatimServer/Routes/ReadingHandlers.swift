import HTTP
import VerbatimModel
import VerbatimStore

/// Gives back what was recorded.
struct ReadingHandlers: Sendable {
  private static let limits = 1...100
  private static let standardLimit = 20

  let store: Store
  let account: String

  @Sendable func conversation(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = request.parameters["conversation_id"] ?? ""
    guard let conversation = try await store.conversation(id, account: account) else { throw Self.noConversation }
    var json = JSONWriter(reservingCapacity: 512)
    json.conversation(conversation)
    return .json(json)
  }

  @Sendable func messages(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = request.parameters["conversation_id"] ?? ""
    let limit = try Self.limit(request)
    let page = try await page(of: id, before: try Self.firstID(request), limit: limit)
    var json = JSONWriter(reservingCapacity: 4096)
    json.beginObject()
    json.key("limit")
    json.integer(limit)
    json.key("has_more")
    json.boolean(page.hasMore)
    json.key("data")
    json.beginArray()
    for exchange in page.exchanges { json.exchange(exchange) }
    json.endArray()
    json.endObject()
    return .json(json)
  }

  /// Reads `first` itself as well, to tell an id that is not there from the end of the conversation.
  private func page(
    of conversation: String, before first: UUIDv7?, limit: Int
  ) async throws -> (exchanges: [StoredExchange], hasMore: Bool) {
    let page = try await store.exchanges(
      of: conversation, account: account, before: first?.adding(1), limit: first == nil ? limit : limit + 1)
    guard var page else { throw Self.noConversation }
    if let first {
      guard page.exchanges.popLast()?.id == first else {
        throw APIError.notFound("first_id is no message of this conversation")
      }
    }
    return page
  }

  private static let noConversation = APIError.notFound("there is no such conversation")

  private static func limit(_ request: HTTPRequest) throws(APIError) -> Int {
    guard let text = request.queryParameter("limit"), !text.isEmpty else { return standardLimit }
    guard let limit = Int(text), limits.contains(limit) else {
      throw .invalid("limit must be a whole number from \(limits.lowerBound) to \(limits.upperBound)")
    }
    return limit
  }

  private static func firstID(_ request: HTTPRequest) throws(APIError) -> UUIDv7? {
    guard let text = request.queryParameter("first_id"), !text.isEmpty else { return nil }
    guard let id = UUIDv7(text) else { throw .invalid("first_id must be a message_id") }
    return id
  }
}

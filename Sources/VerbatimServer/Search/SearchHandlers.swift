import HTTP
import VerbatimModel
import VerbatimStore

/// Finds messages, and has their index made anew.
struct SearchHandlers: Sendable {
  let store: Store
  /// Whether some process may build the index: this one, or another that shares the database.
  let mayBeIndexed: Bool

  @Sendable func search(_ request: HTTPRequest) async throws -> HTTPResponse {
    let page = try await store.search(try SearchRequest(request))
    var json = JSONWriter(reservingCapacity: page.results.count * 1_024 + 128)
    json.beginObject()
    json.key("results")
    json.beginArray()
    for result in page.results { json.result(result) }
    json.endArray()
    json.key("next_cursor")
    json.string(orNull: page.next?.text)
    json.key("complete")
    json.boolean(page.limit == nil)
    json.key("incomplete_reason")
    json.string(orNull: page.limit?.rawValue)
    json.endObject()
    return .json(json)
  }

  @Sendable func index(_ request: HTTPRequest) async throws -> HTTPResponse {
    Self.answer(try await store.searchIndexStatus())
  }

  @Sendable func reindex(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard mayBeIndexed else {
      throw APIError(
        status: 409, code: "search_off",
        detail: "this server builds no index: SEARCH is off, and the database is its own")
    }
    return Self.answer(try await store.requestReindex())
  }

  private static func answer(_ status: SearchIndexStatus) -> HTTPResponse {
    var json = JSONWriter()
    json.beginObject()
    json.key("messages")
    json.integer(status.messages)
    json.key("days")
    json.integer(status.days)
    json.key("segments")
    json.integer(status.segments)
    json.key("remaining_days")
    json.integer(status.remainingDays)
    json.key("rebuilding")
    json.boolean(status.rebuiltDays != nil)
    json.endObject()
    return .json(json)
  }
}

extension JSONWriter {
  fileprivate mutating func result(_ result: SearchResult) {
    beginObject()
    key("conversation_id")
    string(result.conversationID)
    key("message_id")
    uuid(result.messageID)
    key("exchange_id")
    uuid(result.exchangeID)
    key("role")
    string(result.role)
    key("snippet")
    string(result.snippet)
    key("created_at")
    timestamp(result.createdAt)
    key("score")
    raw(Bytes(utf8: Self.thousandths(result.score)))
    endObject()
  }

  private static func thousandths(_ score: Double) -> String {
    let whole = Int((score * 1_000).rounded())
    return "\(whole / 1_000).\(String(whole % 1_000 + 1_000).dropFirst())"
  }
}

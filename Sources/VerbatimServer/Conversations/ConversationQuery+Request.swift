import HTTP
import VerbatimModel
import VerbatimStore

extension ConversationQuery {
  private enum Order: String, CaseIterable { case asc, desc }

  /// From the query of a request. Throws 400 and 403.
  init(_ request: HTTPRequest) throws(APIError) {
    self.init(try request.caller.reach)
    appID = try request.parameter("app_id", longest: IngestLimits.appID)
    userID = try request.parameter("user_id", longest: IngestLimits.userID)
    modelName = try request.parameter("model", longest: IngestLimits.modelID)
    source = try request.parameter("source", longest: IngestLimits.name)
    tag = try request.parameter("tag", longest: ConversationChange.longestTag)
    text = try request.parameter("q", longest: IngestLimits.name)
    created = try request.times()
    if let status = try request.choice("status", of: Conversation.Status.self) { statuses = [status] }
    sort = try request.choice("sort", of: Sort.self) ?? .createdAt
    isAscending = try request.choice("order", of: Order.self) == .asc
    limit = try request.number("limit", within: 1...100, standard: 20)
    offset = try request.number("offset", within: 0...10_000, standard: 0)
    guard let text = request.queryParameter("cursor"), !text.isEmpty else { return }
    guard let cursor = ConversationCursor(text, of: self) else {
      throw .invalid("cursor must be a next_cursor of a list with the same sort and order")
    }
    guard offset == 0 else { throw .invalid("offset and cursor do not go together") }
    self.cursor = cursor
  }
}

import HTTP
import VerbatimModel
import VerbatimStore

extension SearchRequest {
  /// From the query of a request. Throws 400 and 403.
  init(_ request: HTTPRequest) throws(APIError) {
    guard let text = request.queryParameter("q"), !text.isEmpty else {
      throw .invalid("q is missing: what to look for")
    }
    let query: SearchQuery
    do {
      query = try SearchQuery(text)
    } catch {
      throw .invalid("q \(error)")
    }
    self.init(query, within: try request.caller.reach)
    role = try request.parameter("role", longest: 64)
    model = try request.parameter("model", longest: IngestLimits.modelID)
    app = try request.parameter("app_id", longest: IngestLimits.appID)
    user = try request.parameter("user_id", longest: IngestLimits.userID)
    times = try request.times()
    sort = try request.choice("sort", of: Sort.self) ?? .rank
    limit = try request.number("limit", within: 1...100, standard: 20)
    guard let text = request.queryParameter("cursor"), !text.isEmpty else { return }
    guard let cursor = SearchCursor(text, of: sort) else {
      throw .invalid("cursor must be a next_cursor of a search with the same sort")
    }
    self.cursor = cursor
  }
}

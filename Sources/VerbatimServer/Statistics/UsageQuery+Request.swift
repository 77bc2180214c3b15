import HTTP
import VerbatimModel
import VerbatimStore

extension UsageQuery {
  private enum Switch: String, CaseIterable { case on = "true", off = "false" }

  /// From the query of a request. Throws 400 and 403.
  init(_ request: HTTPRequest) throws(APIError) {
    self.init(try request.caller.reach)
    dimensions = try Self.dimensions(request)
    from = try Self.day("from", of: request)
    to = try Self.day("to", of: request)
    appID = try request.parameter("app_id", longest: IngestLimits.appID)
    userID = try request.parameter("user_id", longest: IngestLimits.userID)
    modelName = try request.parameter("model", longest: IngestLimits.modelID)
    countsActiveUsers = try request.choice("active_users", of: Switch.self) == .on
    limit = try request.number("limit", within: 1...10_000, standard: limit)
  }

  private static func dimensions(_ request: HTTPRequest) throws(APIError) -> [Dimension] {
    guard let text = request.queryParameter("group_by"), !text.isEmpty else { return [] }
    var dimensions: [Dimension] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let dimension = Dimension(rawValue: String(name)) else {
        throw .invalid("group_by must be one or two of " + Dimension.allCases.map(\.rawValue).joined(separator: ", "))
      }
      dimensions.append(dimension)
    }
    return dimensions
  }

  private static func day(_ name: String, of request: HTTPRequest) throws(APIError) -> Day? {
    guard let text = request.queryParameter(name), !text.isEmpty else { return nil }
    guard let day = Day(text: text) else { throw .invalid("\(name) must be a day such as 2025-01-15") }
    return day
  }
}

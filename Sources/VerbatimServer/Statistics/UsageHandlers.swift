import HTTP
import VerbatimModel
import VerbatimStore

/// Says what was used.
struct UsageHandlers: Sendable {
  /// Shares of latencies, and what they are called.
  private static let percentiles: [(name: String, share: Double)] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]

  let store: Store

  /// `GET /api/v1/stats?group_by&from&to&app_id&user_id&model&active_users&limit`
  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let query = try UsageQuery(request)
    let report: UsageReport
    do {
      report = try await store.usage(query)
    } catch let error as UsageQuery.Contradiction {
      throw APIError.invalid(error.description)
    }
    var json = JSONWriter(reservingCapacity: report.groups.count * 384 + 512)
    json.beginObject()
    Self.write(query, report, to: &json)
    json.key("data")
    json.beginArray()
    for group in report.groups {
      json.beginObject()
      for key in group.keys { json.usageKey(key) }
      Self.write(group.usage, to: &json)
      json.endObject()
    }
    json.endArray()
    json.key("total")
    json.beginObject()
    Self.write(report.total, to: &json)
    json.endObject()
    json.key("has_more")
    json.boolean(report.hasMore)
    json.endObject()
    return .json(json)
  }

  /// What was asked for.
  private static func write(_ query: UsageQuery, _ report: UsageReport, to json: inout JSONWriter) {
    json.key("group_by")
    json.beginArray()
    for dimension in query.dimensions { json.string(dimension.rawValue) }
    json.endArray()
    json.key("from")
    json.string(orNull: query.from?.description)
    json.key("to")
    json.string(orNull: query.to?.description)
    json.key("timezone")
    json.string(report.timeZone)
  }

  private static func write(_ usage: UsageReport.Usage, to json: inout JSONWriter) {
    for (name, count) in [
      ("exchanges", usage.exchanges), ("errors", usage.errors), ("messages", usage.messages),
      ("prompt_tokens", usage.promptTokens), ("completion_tokens", usage.completionTokens),
    ] {
      json.key(text: name)
      json.integer(count)
    }
    json.key("total_price")
    json.millionths(usage.price)
    json.key("latency_ms")
    json.beginObject()
    json.key("count")
    json.integer(usage.latencyCount)
    for (name, share) in percentiles {
      json.key(text: name)
      json.integer(orNull: usage.latency(atMostBy: share))
    }
    json.endObject()
    json.key("first_use")
    json.string(orNull: usage.firstUse?.description)
    json.key("last_use")
    json.string(orNull: usage.lastUse?.description)
    guard let users = usage.activeUsers else { return }
    json.key("active_users")
    json.integer(users)
  }
}

extension JSONWriter {
  fileprivate mutating func usageKey(_ key: UsageReport.Key) {
    switch key {
    case .day(let day): field("day", day.description)
    case .hour(let hour):
      self.key("hour")
      timestamp(hour)
    case .model(let name): field("model", name)
    case .app(let account, let id):
      field("account_id", account)
      field("app_id", id)
    case .user(let account, let id):
      field("account_id", account)
      field("user_id", id)
    case .channel(let number):
      self.key("channel")
      if number == 0 { null() } else { integer(number) }
    case .status(let status): field("status", status)
    }
  }

  private mutating func field(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }
}

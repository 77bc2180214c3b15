import HTTP
import VerbatimModel
import VerbatimStore

/// Shows the audit trail.
struct AuditHandlers: Sendable {
  private static let limits = 1...100
  private static let standardLimit = 20

  let main: MainStore
  let trail: AuditTrail

  /// `GET /api/admin/audit?account_id&actor&action&conversation_id&from&to&limit&cursor`: the newest first.
  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let query = try Self.query(request)
    let limit = try request.number("limit", within: Self.limits, standard: Self.standardLimit)
    let cursor = try Self.text("cursor", of: request).map(Self.cursor)
    // What was read here just now is to be seen, too.
    await trail.flush()
    let entries = try await main.auditTrail(query, after: cursor, limit: limit)
    var json = JSONWriter(reservingCapacity: entries.count * 384 + 64)
    json.beginObject()
    json.key("entries")
    json.beginArray()
    for entry in entries { json.entry(entry) }
    json.endArray()
    json.key("next_cursor")
    json.string(orNull: entries.count == limit ? entries.last?.id.description : nil)
    json.endObject()
    return .json(json)
  }

  private static func query(_ request: HTTPRequest) throws(APIError) -> AuditQuery {
    var query = AuditQuery()
    // `account_id` is in the reach already: an administrator's own account unless another, or `*`, is named.
    query.account = text("account_id", of: request) == nil ? nil : try request.caller.reach.account
    query.actor = text("actor", of: request)
    query.conversation = text("conversation_id", of: request)
    query.from = try time("from", of: request)
    query.to = try time("to", of: request)
    query.action = text("action", of: request)
    if let action = query.action, AuditAction(rawValue: action) == nil {
      throw .invalid("action must be one of \(AuditAction.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return query
  }

  /// nil where it is absent or empty.
  private static func text(_ name: String, of request: HTTPRequest) -> String? {
    request.queryParameter(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func time(_ name: String, of request: HTTPRequest) throws(APIError) -> Int64? {
    guard let text = text(name, of: request) else { return nil }
    guard let time = Timestamp.milliseconds(iso8601: text.utf8), (0...UUIDv7.maximumMilliseconds).contains(time) else {
      throw .invalid("\(name) must be a time in ISO 8601, such as 2025-01-15 or 2025-01-15T10:30:00Z")
    }
    return time
  }

  private static func cursor(_ text: String) throws(APIError) -> UUIDv7 {
    guard let cursor = UUIDv7(text) else { throw .invalid("cursor must be the next_cursor of a page") }
    return cursor
  }
}

extension JSONWriter {
  fileprivate mutating func entry(_ entry: AuditEntry) {
    beginObject()
    key("id")
    uuid(entry.id)
    key("at")
    timestamp(entry.time)
    add("action", entry.action)
    add("actor", entry.actor)
    add("key_id", entry.key)
    add("account_id", entry.account)
    add("conversation_id", entry.conversation)
    add("address", entry.address)
    add("request_id", entry.requestID)
    key("count")
    integer(entry.count)
    key("detail")
    // It was made here, as JSON.
    raw(orNull: entry.detail.map { Bytes(utf8: $0) })
    endObject()
  }

  private mutating func add(_ name: StaticString, _ value: String?) {
    key(name)
    string(orNull: value)
  }
}

import HTTP
import VerbatimModel
import VerbatimStore

/// `/api/admin/keys`. A key is shown in the answer to its making and to nothing else.
struct KeyHandlers: Sendable {
  private static let longestOverlap: Int64 = 90 * 86_400
  private static let rates: ClosedRange<Int64> = 0...10_000_000
  private static let bursts: ClosedRange<Int64> = 1...10_000_000

  let main: MainStore
  let keys: KeyCache

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let page = try PageQuery(request)
    let account = request.queryParameter("account_id").flatMap { $0.isEmpty || $0 == "*" ? nil : $0 }
    let filter = KeyFilter(
      account: account, prefix: request.queryParameter("prefix"), includesDead: try Self.includesDead(request))
    let found = try await main.keys(filter, before: try Self.position(page), limit: page.limit + 1)
    var json = JSONWriter()
    json.beginObject()
    json.key("keys")
    json.beginArray()
    for key in found.prefix(page.limit) { json.apiKey(key, secret: nil) }
    json.endArray()
    json.key("next_cursor")
    let last = found.count > page.limit ? found[page.limit - 1].id.description : nil
    json.string(orNull: last.map(PageQuery.cursor))
    json.endObject()
    return .json(json)
  }

  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    let body = try await AdminBody(
      request,
      fields: [
        "account_id", "make_account", "name", "scopes", "app_id", "user_id", "expires_at", "rate_per_minute",
        "rate_burst",
      ])
    let secret = KeySecret()
    var new = NewAPIKey(
      account: try body.text("account_id", limit: Account.longestName) ?? request.caller.account,
      name: try body.requiredText("name", limit: APIKey.longestName), prefix: secret.prefix,
      hash: secret.digest.bytes, scopes: try Self.scopes(body))
    new.app = try body.text("app_id", limit: IngestLimits.appID)
    new.user = try body.text("user_id", limit: IngestLimits.userID)
    new.rate.perMinute = try body.integer("rate_per_minute", Self.rates)
    new.rate.burst = try body.integer("rate_burst", Self.bursts)
    new.expiresAt = try body.time("expires_at")
    if let end = new.expiresAt, end <= UnixClock.milliseconds() {
      throw APIError.invalid("expires_at lies in the past")
    }
    guard !new.scopes.contains(.admin) || (new.app == nil && new.user == nil) else {
      throw APIError.invalid("a key with the scope admin cannot be limited to an app or a user")
    }
    let makesAccount = try body.boolean("make_account") ?? false
    let (key, account) =
      makesAccount ? try await main.createKeyWithAccount(new) : (try await main.createKey(new), nil)
    keys.take(key)
    Self.note(key)
    if let account { AuditNotes.current?.add("made_account", account.role.rawValue) }
    return answer(key, secret: secret)
  }

  /// Its name and its limits; a limit that is null is the server's again.
  @Sendable func change(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = try Self.id(request)
    let body = try await AdminBody(request, fields: ["name", "rate_per_minute", "rate_burst"])
    var change = KeyChange(name: try body.text("name", limit: APIKey.longestName))
    if body.has("rate_per_minute") { change.perMinute = .some(try body.integer("rate_per_minute", Self.rates)) }
    if body.has("rate_burst") { change.burst = .some(try body.integer("rate_burst", Self.bursts)) }
    guard let key = try await main.changeKey(id, change) else { throw Self.noKey }
    keys.take(key)
    return answer(key, secret: nil)
  }

  @Sendable func revoke(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let key = try await main.revokeKey(try Self.id(request)) else { throw Self.noKey }
    keys.take(key)
    return answer(key, secret: nil)
  }

  @Sendable func rotate(_ request: HTTPRequest) async throws -> HTTPResponse {
    let id = try Self.id(request)
    let body = try await AdminBody(request, fields: ["overlap_seconds"])
    let overlap = try body.integer("overlap_seconds", 0...Self.longestOverlap) ?? 0
    let secret = KeySecret()
    guard
      let rotated = try await main.rotateKey(
        id, prefix: secret.prefix, hash: secret.digest.bytes, overlap: .seconds(overlap))
    else { throw Self.noKey }
    keys.take(rotated.old)
    Self.note(rotated.new)
    return answer(rotated.new, secret: secret)
  }

  /// For the trail: which key was made, whose, and what it may do.
  private static func note(_ key: APIKey) {
    AuditNotes.current?.add("key_id", key.id.description)
    AuditNotes.current?.add("key_account", key.account)
    AuditNotes.current?.add("scopes", key.scopes.names.joined(separator: " "))
  }

  private static let noKey = APIError.notFound("there is no such key")

  private static func id(_ request: HTTPRequest) throws(APIError) -> UUIDv7 {
    guard let id = UUIDv7(request.parameters["id"] ?? "") else { throw noKey }
    return id
  }

  private static func position(_ page: PageQuery) throws(APIError) -> UUIDv7? {
    guard let position = page.position else { return nil }
    guard let id = UUIDv7(position) else { throw .invalid("cursor is none that this list gave") }
    return id
  }

  private static func includesDead(_ request: HTTPRequest) throws(APIError) -> Bool {
    switch request.queryParameter("status") ?? "" {
    case "", "active": return false
    case "all": return true
    default: throw .invalid("status must be active or all")
    }
  }

  private static func scopes(_ body: AdminBody) throws(APIError) -> Scopes {
    guard let names = try body.texts("scopes") else { return .standard }
    guard let scopes = Scopes(names: names), !scopes.isEmpty else {
      throw .invalid("scopes must name some of \(Scopes.names.joined(separator: ", "))")
    }
    return scopes
  }

  private func answer(_ key: APIKey, secret: KeySecret?) -> HTTPResponse {
    var json = JSONWriter()
    json.apiKey(key, secret: secret)
    var response = HTTPResponse.json(json)
    if secret != nil { response.fields["Cache-Control"] = "no-store" }
    return response
  }
}

extension JSONWriter {
  /// `secret`: where the key itself is shown, which happens once.
  fileprivate mutating func apiKey(_ key: APIKey, secret: KeySecret?) {
    beginObject()
    self.key("id")
    uuid(key.id)
    if let secret {
      self.key("key")
      string(secret.text)
    }
    self.key("account_id")
    string(key.account)
    self.key("name")
    string(key.name)
    self.key("prefix")
    string(key.prefix)
    self.key("status")
    string(key.status(at: UnixClock.milliseconds()).rawValue)
    self.key("scopes")
    beginArray()
    for name in key.scopes.names { string(name) }
    endArray()
    self.key("app_id")
    string(orNull: key.app)
    self.key("user_id")
    string(orNull: key.user)
    self.key("token_id")
    integer(orNull: key.tokenID)
    self.key("rate_per_minute")
    integer(orNull: key.rate.perMinute)
    self.key("rate_burst")
    integer(orNull: key.rate.burst)
    for (name, time) in [
      ("created_at", key.createdAt), ("expires_at", key.expiresAt), ("last_used_at", key.lastUsedAt),
      ("revoked_at", key.revokedAt),
    ] {
      self.key(text: name)
      if let time { timestamp(time) } else { null() }
    }
    self.key("rotated_from")
    if let origin = key.rotatedFrom { uuid(origin) } else { null() }
    endObject()
  }
}

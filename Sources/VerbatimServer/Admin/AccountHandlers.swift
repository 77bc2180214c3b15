import HTTP
import VerbatimModel
import VerbatimStore

/// `/api/admin/accounts`.
struct AccountHandlers: Sendable {
  let main: MainStore
  let keys: KeyCache

  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let page = try PageQuery(request)
    let accounts = try await main.accounts(after: page.position, limit: page.limit + 1)
    var json = JSONWriter()
    json.beginObject()
    json.key("accounts")
    json.beginArray()
    for account in accounts.prefix(page.limit) { json.account(account) }
    json.endArray()
    json.key("next_cursor")
    json.string(orNull: accounts.count > page.limit ? PageQuery.cursor(behind: accounts[page.limit - 1].name) : nil)
    json.endObject()
    return .json(json)
  }

  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    let body = try await AdminBody(request, fields: ["name", "role"])
    let name = try body.requiredText("name", limit: Account.longestName)
    let role = try body.choice("role", of: Account.Role.self) ?? .user
    guard let account = try await main.createAccount(named: name, role: role) else {
      throw APIError.conflict("there is an account \(name) already")
    }
    AuditNotes.current?.add("name", name)
    AuditNotes.current?.add("role", account.role.rawValue)
    return answer(account)
  }

  @Sendable func change(_ request: HTTPRequest) async throws -> HTTPResponse {
    let name = request.parameters["name"] ?? ""
    let body = try await AdminBody(request, fields: ["role", "status"])
    let role = try body.choice("role", of: Account.Role.self)
    let status = try body.choice("status", of: Account.Status.self)
    guard let account = try await main.changeAccount(named: name, role: role, status: status) else {
      throw APIError.notFound("there is no such account")
    }
    keys.take(account)
    AuditNotes.current?.add("role", account.role.rawValue)
    AuditNotes.current?.add("status", account.status.rawValue)
    return answer(account)
  }

  private func answer(_ account: Account) -> HTTPResponse {
    var json = JSONWriter()
    json.account(account)
    return .json(json)
  }
}

extension JSONWriter {
  fileprivate mutating func account(_ account: Account) {
    beginObject()
    key("name")
    string(account.name)
    key("role")
    string(account.role.rawValue)
    key("status")
    string(account.status.rawValue)
    key("created_at")
    timestamp(account.createdAt)
    key("updated_at")
    timestamp(account.updatedAt)
    endObject()
  }
}

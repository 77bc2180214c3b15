import HTTP
import VerbatimModel

/// What `verbatim accounts` does.
package struct AccountAdministration: Sendable {
  private static let path = "/api/admin/accounts"

  private let session: Session

  package init(_ session: Session) { self.session = session }

  /// A line for each, under a head.
  package func list() async throws -> [String] {
    let accounts = try await session.administer { try await $0.all(Self.path, "accounts") }
    return TextTable.lines(
      ["name", "role", "status", "since"],
      accounts.map { account in
        ["name", "role", "status", "created_at"].map { account[$0]?.string?.string ?? "" }
      })
  }

  package func create(_ name: String, role: String?) async throws -> String {
    Self.line(
      try await session.administer { client in
        try await client.call("POST", Self.path) { json in
          json.key("name")
          json.string(name)
          json.key("role")
          json.string(orNull: role)
        }
      })
  }

  package func change(_ name: String, role: String? = nil, status: String? = nil) async throws -> String {
    Self.line(
      try await session.administer { client in
        try await client.call("PATCH", "\(Self.path)/\(PercentEncoding.encode(name))") { json in
          json.key("role")
          json.string(orNull: role)
          json.key("status")
          json.string(orNull: status)
        }
      })
  }

  private static func line(_ account: JSONSlice) -> String {
    func text(_ name: String) -> String { account[name]?.string?.string ?? "" }
    return "\(text("name")): role \(text("role")), \(text("status"))"
  }
}

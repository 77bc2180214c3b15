import VerbatimModel

/// What `verbatim stats` does.
package struct UsageReporting: Sendable {
  private static let path = "/api/v1/stats"
  private static let keys = ["day", "hour", "account_id", "app_id", "user_id", "model", "channel", "status"]

  private let session: Session

  package init(_ session: Session) { self.session = session }

  /// The API's answer as it is. `parameters`: by the API's names; of all accounts where none is named.
  package func json(_ parameters: [(name: String, value: String?)]) async throws -> String {
    try await answer(parameters).bytes.string
  }

  /// A line for each group under a head, and one for all of them.
  package func table(_ parameters: [(name: String, value: String?)]) async throws -> [String] {
    let report = try await answer(parameters)
    let groups = report["data"].map { Array($0.elements) } ?? []
    let named = Self.keys.filter { name in groups.contains { $0[name] != nil } }
    let hasUsers = report["total"]?["active_users"] != nil
    let head = ["exchanges", "errors", "messages", "tokens in", "out", "price", "p50", "p95", "p99 ms", "first use"]
    var rows = groups.map { group in named.map { Self.text(group[$0]) } + Self.cells(group, hasUsers: hasUsers) }
    if let total = report["total"] {
      let label = named.indices.map { $0 == 0 ? "all" : "" }
      rows.append(label + Self.cells(total, hasUsers: hasUsers))
    }
    var lines = TextTable.lines(named + head + (hasUsers ? ["users"] : []), rows)
    if report["has_more"]?.boolean == true { lines.append("there are more; --limit shows them") }
    return lines
  }

  private func answer(_ parameters: [(name: String, value: String?)]) async throws -> JSONSlice {
    let named = parameters.map { $0.name == "account_id" ? ($0.name, $0.value ?? "*") : $0 }
    return try await session.administer { client in try await client.call("GET", Self.path, query: named) }
  }

  private static func cells(_ usage: JSONSlice, hasUsers: Bool) -> [String] {
    let counts = ["exchanges", "errors", "messages", "prompt_tokens", "completion_tokens", "total_price"]
    let latency = usage["latency_ms"]
    return counts.map { text(usage[$0]) } + ["p50", "p95", "p99"].map { text(latency?[$0]) }
      + [text(usage["first_use"])] + (hasUsers ? [text(usage["active_users"])] : [])
  }

  private static func text(_ value: JSONSlice?) -> String {
    guard let value, !value.isNull else { return "-" }
    return value.string?.string ?? value.bytes.string
  }
}

import HTTP

/// Every route with what it needs of its caller; no handler runs before that was checked.
package struct RouteTable: Sendable {
  package struct Route: Sendable, Hashable {
    package let method: String
    package let pattern: String
    package let needs: Need
    /// What it leaves a trace as.
    package let audit: AuditAction?
  }

  private let entrance: Entrance
  private(set) var router = Router()
  /// In the order of registration.
  private(set) var routes: [Route] = []

  init(behind entrance: Entrance) { self.entrance = entrance }

  /// `pattern`: `/api/chat/{conversation_id}/messages`. GET also answers HEAD.
  /// What reads, chats or administers says with `audit` what it does.
  mutating func on(
    _ method: String, _ pattern: String, needs need: Need, audit action: AuditAction? = nil,
    _ handler: @escaping Handler
  ) {
    routes.append(Route(method: method, pattern: pattern, needs: need, audit: action))
    router.on(method, pattern, entrance.before(handler, needs: need, audit: action))
  }
}

import HTTP

/// Every route with what it needs of its caller; no handler runs before that was checked.
package struct RouteTable: Sendable {
  package struct Route: Sendable, Hashable {
    package let method: String
    package let pattern: String
    package let needs: Need
  }

  private let gate: Gate
  private(set) var router = Router()
  /// In the order of registration.
  private(set) var routes: [Route] = []

  init(gate: Gate) { self.gate = gate }

  /// `pattern`: `/api/chat/{conversation_id}/messages`. GET also answers HEAD.
  mutating func on(_ method: String, _ pattern: String, needs need: Need, _ handler: @escaping Handler) {
    routes.append(Route(method: method, pattern: pattern, needs: need))
    let gate = gate
    router.on(method, pattern) { request in try await handler(try await gate.admit(request, needs: need)) }
  }
}

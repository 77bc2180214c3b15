/// Finds the handler of a path; literal segments win over `{parameters}`.
package struct Router: Sendable {
  package init() {}

  /// `pattern`: `/api/chat/{conversation_id}/messages`. GET also answers HEAD.
  package mutating func on(_ method: String, _ pattern: String, _ handler: @escaping Handler) { fatalError("skeleton") }

  /// What a request leads to; the server's own error shapes make the answers for the others.
  package enum Match: Sendable {
    case handler(Handler, parameters: [String: String], pattern: String)
    case methodNotAllowed(allow: [String])
    /// A path parameter with a broken %-escape, or one that does not decode to UTF-8.
    case badPath
    case notFound
  }

  package func match(method: String, path: String) -> Match { fatalError("skeleton") }
}

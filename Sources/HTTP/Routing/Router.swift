/// Finds the handler of a path.
///
/// Of the patterns that fit a path, the most literal one that knows the method wins, in whatever order they were
/// registered: beside `POST /chat/insert` and `GET /chat/{id}`, `GET /chat/insert` is the conversation "insert". A path
/// that ends in a slash is another path than the one without.
package struct Router: Sendable {
  /// What a request leads to; the server's own error shapes make the answers for the others.
  package enum Match: Sendable {
    case handler(Handler, parameters: [String: String], pattern: String)
    case methodNotAllowed(allow: [String])
    /// OPTIONS, of a path or of the server as a whole (`*`).
    case options(allow: [String])
    /// A broken %-escape, or one that does not decode to UTF-8.
    case badPath
    case notFound
  }

  /// A method and the pattern it was registered with.
  package struct Route: Sendable, Hashable {
    package let method: String
    package let pattern: String
  }

  private var tree = RouteTree()
  /// Patterns without parameters, found by one look-up of the path as sent.
  private var literals: [String: [RouteTree.Endpoint]] = [:]

  /// Every route, in the order of registration.
  package private(set) var routes: [Route] = []

  package init() {}

  /// `pattern`: `/api/chat/{conversation_id}/messages`. GET also answers HEAD.
  package mutating func on(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
    let endpoint = RouteTree.Endpoint(method: method, pattern: pattern, handler: handler)
    tree.insert(endpoint)
    if endpoint.parameterNames.isEmpty { literals[pattern, default: []].append(endpoint) }
    routes.append(Route(method: method, pattern: pattern))
  }

  package func match(method: String, path: String) -> Match {
    if let endpoints = literals[path], let endpoint = Self.endpoint(of: method, among: endpoints) {
      return .handler(endpoint.handler, parameters: [:], pattern: endpoint.pattern)
    }
    if path == "*", method == "OPTIONS" { return .options(allow: Self.allowedMethods(of: routes.map(\.method))) }
    var segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { Substring($0) }
    guard segments.first == "" else { return .notFound }
    segments.removeFirst()
    for index in segments.indices where segments[index].utf8.contains(UInt8(ascii: "%")) {
      guard let decoded = PercentEncoding.decode(segments[index]) else { return .badPath }
      segments[index] = Substring(decoded)
    }
    let found = tree.find(segments)
    for (endpoints, values) in found {
      guard let endpoint = Self.endpoint(of: method, among: endpoints) else { continue }
      var parameters = [String: String](minimumCapacity: values.count)
      for (name, value) in zip(endpoint.parameterNames, values) { parameters[name] = String(value) }
      return .handler(endpoint.handler, parameters: parameters, pattern: endpoint.pattern)
    }
    guard !found.isEmpty else { return .notFound }
    let allowed = Self.allowedMethods(of: found.flatMap { $0.endpoints.map(\.method) })
    return method == "OPTIONS" ? .options(allow: allowed) : .methodNotAllowed(allow: allowed)
  }

  private static func endpoint(of method: String, among endpoints: [RouteTree.Endpoint]) -> RouteTree.Endpoint? {
    endpoints.first { $0.method == method }
      ?? (method == "HEAD" ? endpoints.first { $0.method == "GET" } : nil)
  }

  private static func allowedMethods(of methods: [String]) -> [String] {
    var allowed = Set(methods)
    if allowed.contains("GET") { allowed.insert("HEAD") }
    allowed.insert("OPTIONS")
    return allowed.sorted()
  }
}

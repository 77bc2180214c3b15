/// Finds the handler of a path.
///
/// Literal segments win over `{parameters}`, in whatever order they were registered: the path decides first, then the
/// method, so that `GET /chat/insert` beside `POST /chat/insert` and `GET /chat/{id}` is a wrong method and not the
/// conversation "insert". A path that ends in a slash is another path than the one without.
package struct Router: Sendable {
  /// What a request leads to; the server's own error shapes make the answers for the others.
  package enum Match: Sendable {
    case handler(Handler, parameters: [String: String], pattern: String)
    case methodNotAllowed(allow: [String])
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
    if let endpoints = literals[path] {
      return Self.choose(method, among: endpoints) { _ in [:] }
    }
    var segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { Substring($0) }
    guard segments.first == "" else { return .notFound }
    segments.removeFirst()
    for index in segments.indices where segments[index].utf8.contains(UInt8(ascii: "%")) {
      guard let decoded = PercentEncoding.decode(segments[index]) else { return .badPath }
      segments[index] = Substring(decoded)
    }
    guard let found = tree.find(segments) else { return .notFound }
    return Self.choose(method, among: found.endpoints) { endpoint in
      var parameters = [String: String](minimumCapacity: found.values.count)
      for (name, value) in zip(endpoint.parameterNames, found.values) { parameters[name] = String(value) }
      return parameters
    }
  }

  private static func choose(
    _ method: String, among endpoints: [RouteTree.Endpoint], parameters: (RouteTree.Endpoint) -> [String: String]
  ) -> Match {
    let found =
      endpoints.first { $0.method == method }
      ?? (method == "HEAD" ? endpoints.first { $0.method == "GET" } : nil)
    guard let found else { return .methodNotAllowed(allow: allowedMethods(of: endpoints)) }
    return .handler(found.handler, parameters: parameters(found), pattern: found.pattern)
  }

  private static func allowedMethods(of endpoints: [RouteTree.Endpoint]) -> [String] {
    var methods = Set(endpoints.map(\.method))
    if methods.contains("GET") { methods.insert("HEAD") }
    methods.insert("OPTIONS")
    return methods.sorted()
  }
}

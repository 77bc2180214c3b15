/// The patterns of a router as a tree of path segments.
struct RouteTree: Sendable {
  struct Endpoint: Sendable {
    let method: String
    let pattern: String
    let parameterNames: [String]
    let handler: Handler

    init(method: String, pattern: String, handler: @escaping Handler) {
      self.method = method
      self.pattern = pattern
      self.handler = handler
      parameterNames = RouteTree.segments(of: pattern).compactMap(RouteTree.parameterName)
      precondition(Set(parameterNames).count == parameterNames.count, "\(pattern) names a parameter twice")
    }
  }

  private struct Node: Sendable {
    var literals: [(segment: Substring, node: Int)] = []
    var parameter: Int?
    var endpoints: [Endpoint] = []
  }

  private var nodes = [Node()]

  mutating func insert(_ endpoint: Endpoint) {
    var node = 0
    for segment in Self.segments(of: endpoint.pattern) {
      node = child(of: node, for: segment)
    }
    precondition(
      !nodes[node].endpoints.contains { $0.method == endpoint.method },
      "\(endpoint.method) \(endpoint.pattern) is registered twice")
    nodes[node].endpoints.append(endpoint)
  }

  /// The endpoints of every pattern that fits, the most literal first, and the values of its parameters in order.
  func find(_ segments: [Substring]) -> [(endpoints: [Endpoint], values: [Substring])] {
    var found: [(endpoints: [Endpoint], values: [Substring])] = []
    find(segments[...], from: 0, values: [], into: &found)
    return found
  }

  // No deeper than the deepest pattern, whatever the path: it ends where the tree does.
  private func find(
    _ segments: ArraySlice<Substring>, from node: Int, values: [Substring],
    into found: inout [(endpoints: [Endpoint], values: [Substring])]
  ) {
    guard let segment = segments.first else {
      if !nodes[node].endpoints.isEmpty { found.append((nodes[node].endpoints, values)) }
      return
    }
    let rest = segments.dropFirst()
    if let literal = nodes[node].literals.first(where: { $0.segment == segment })?.node {
      find(rest, from: literal, values: values, into: &found)
    }
    if let parameter = nodes[node].parameter, !segment.isEmpty {
      find(rest, from: parameter, values: values + [segment], into: &found)
    }
  }

  private mutating func child(of node: Int, for segment: Substring) -> Int {
    if Self.parameterName(segment) != nil {
      if let parameter = nodes[node].parameter { return parameter }
      nodes[node].parameter = nodes.count
    } else {
      if let literal = nodes[node].literals.first(where: { $0.segment == segment }) { return literal.node }
      nodes[node].literals.append((segment: segment, node: nodes.count))
    }
    nodes.append(Node())
    return nodes.count - 1
  }

  private static func segments(of pattern: String) -> ArraySlice<Substring> {
    precondition(pattern.hasPrefix("/"), "\(pattern) does not begin with a slash")
    return pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
  }

  private static func parameterName(_ segment: Substring) -> String? {
    guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return nil }
    return String(segment.dropFirst().dropLast())
  }
}

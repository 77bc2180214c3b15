package struct HTTPRequest: Sendable {
  package var method: String
  /// The path as sent, still percent-encoded, without the query.
  package var path: String
  /// What follows `?`, still encoded; nil when there is none.
  package var query: String?
  package var fields: HTTPFields
  package var body: RequestBody
  /// The peer's address without port.
  package var peerAddress: String
  /// Whether the connection is TLS.
  package var isSecure: Bool
  /// Set by the request-id middleware.
  package var id: String = ""
  /// Percent-decoded path parameters, set by the router.
  package var parameters: [String: String] = [:]
  /// Who sent it, set by whatever authenticates requests.
  package var principal: (any Sendable)?

  package init(
    method: String, path: String, query: String? = nil, fields: HTTPFields = [:], body: RequestBody = RequestBody([]),
    peerAddress: String = "", isSecure: Bool = false
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.fields = fields
    self.body = body
    self.peerAddress = peerAddress
    self.isSecure = isSecure
  }

  /// The decoded value of a query parameter (`a=1&b=2`, `+` is a space); the last wins.
  package func queryParameter(_ name: String) -> String? { QueryString.value(of: name, in: query) }

  package var queryParameters: [(name: String, value: String)] { QueryString.pairs(in: query) }
}

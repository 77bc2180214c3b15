/// Undoes the coding of request bodies, so that handlers read plain bytes; refuses codings it does not know.
package struct RequestDecoding: Middleware {
  private let limit: ExpansionLimit

  package init(limit: ExpansionLimit = ExpansionLimit()) { self.limit = limit }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    guard let coding = try RequestCoding(fields: request.fields) else { return try await next(request) }
    var request = request
    request.body = try request.body.decoded(from: coding, limit: limit)
    // They described the body as it was sent.
    request.fields["Content-Encoding"] = nil
    request.fields["Content-Length"] = nil
    return try await next(request)
  }
}

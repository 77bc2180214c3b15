/// Holds bodies that do not come whole and small to a common budget of memory. It belongs before `RequestDecoding`, since
/// a small body may expand to a large one.
package struct BodyMemory: Middleware {
  private let budget: MemoryBudget

  package init(_ budget: MemoryBudget) { self.budget = budget }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    if request.body.isWhole, request.fields["Content-Encoding"] == nil { return try await next(request) }
    let lease = budget.lease()
    defer { lease.end() }
    var request = request
    request.body.memory = lease
    return try await next(request)
  }
}

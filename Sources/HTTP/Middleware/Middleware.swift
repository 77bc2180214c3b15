/// What stands between the server and a handler.
///
/// An order that works, the outermost first: `RequestIDs`, `ClientAddress`, `AccessLog`, `CORS`, `ErrorMapping`,
/// `RequestDecoding`, and then the router; so that also answers to failures carry an id, are logged and may be read by
/// a page of another origin.
package protocol Middleware: Sendable {
  func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse
}

extension Middleware {
  /// A handler that passes every request through this before `handler` sees it.
  package func before(_ handler: @escaping Handler) -> Handler {
    { request in try await respond(to: request, next: handler) }
  }
}

/// A handler that passes every request through `middleware`, the first of them first, on its way to `handler`.
package func chain(_ middleware: [any Middleware], to handler: @escaping Handler) -> Handler {
  middleware.reversed().reduce(handler) { handler, middleware in middleware.before(handler) }
}

/// A setting whose value makes no sense; the message says which part and why.
package struct HTTPSettingError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

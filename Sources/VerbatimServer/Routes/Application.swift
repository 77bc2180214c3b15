import HTTP
import VerbatimModel
import VerbatimStore

/// Everything between a parsed request and its answer.
package struct Application: Sendable {
  package let routes: [Router.Route]
  private let handler: Handler
  private let errors: ErrorAnswers
  private let requestIDs = RequestIDSource()

  package init(store: Store, configuration: Configuration, log: Log) {
    let account = Account.standard
    let errors = ErrorAnswers(log: log)
    let router = Routes.router(
      ingest: IngestHandlers(store: store, account: account, configuration: configuration),
      reading: ReadingHandlers(store: store, account: account),
      health: HealthHandlers(store: store))
    routes = router.routes
    self.errors = errors
    handler = chain(
      Self.middleware(configuration, ids: requestIDs, errors: errors, log: log),
      to: { try await Self.route($0, router) })
  }

  package func respond(to request: HTTPRequest) async -> HTTPResponse {
    do {
      return try await handler(request)
    } catch {
      // Only cancellation comes this far: the client has gone, and nobody reads the answer.
      return HTTPResponse(status: 499)
    }
  }

  /// The answer to a request that no handler saw.
  package func answer(to refusal: HTTPServer.Refusal) -> HTTPResponse {
    let id = requestIDs.next()
    var response = errors.answer(
      APIError(status: refusal.status, code: refusal.code, detail: refusal.detail), requestID: id)
    response.fields[RequestIDs.field] = id
    return response
  }

  private static func middleware(
    _ configuration: Configuration, ids: RequestIDSource, errors: ErrorAnswers, log: Log
  ) -> [any Middleware] {
    var middleware: [any Middleware] = [RequestIDs(source: ids)]
    if let proxies = configuration.trustedProxies { middleware.append(ClientAddress(behind: proxies)) }
    if let accessLog = RequestLog(configuration, log: log).middleware { middleware.append(accessLog) }
    middleware.append(CORS(origins: configuration.corsOrigins, exposedFields: [RequestIDs.field, "Retry-After"]))
    middleware.append(ErrorMapping { error, request in errors.answer(error, to: request) })
    middleware.append(RequestDecoding())
    return middleware
  }

  private static func route(_ request: HTTPRequest, _ router: Router) async throws -> HTTPResponse {
    switch router.match(method: request.method, path: request.path) {
    case .handler(let handler, let parameters, _):
      var request = request
      request.parameters = parameters
      return try await handler(request)
    case .methodNotAllowed(let allowed):
      throw APIError.methodNotAllowed(request.method, path: request.path, allowed: allowed)
    case .badPath, .notFound:
      throw APIError.notFound("there is no \(request.path)")
    }
  }
}

enum Account {
  /// Whom everything belongs to as long as there are no keys.
  static let standard = "default"
}

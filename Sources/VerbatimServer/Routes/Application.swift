import HTTP
import VerbatimModel
import VerbatimStore

/// Everything between a parsed request and its answer.
package struct Application: Sendable {
  package let routes: [RouteTable.Route]
  /// To be run beside the server, and flushed after it.
  package let trail: AuditTrail
  /// To be run beside the server, and written after it.
  package let keys: KeyCache
  /// To be run beside the server.
  package let channels: ChannelCache
  /// To be stopped after the server, before the stores are closed.
  package let calls: CallRegistry
  /// To be run beside the server.
  package let reencryption: ReencryptionJob
  private let handler: Handler
  private let errors: ErrorAnswers
  private let requestIDs = RequestIDs()
  private let clientAddress: ClientAddress?
  private let accessLog: AccessLog?
  private let cors: CORS

  /// `limiter`: where requests are counted, `answers`: where answers are kept; in this process's memory unless given.
  /// `commandLineToken`: what makes a request from this machine an administrator's.
  package init(
    stores: OpenStores, configuration: Configuration, limiter: RateLimiter? = nil, answers: AnswerCache? = nil,
    log: Log, commandLineToken: KeySecret? = nil
  ) {
    let store = stores.history
    let keys = KeyCache(stores.main, grace: configuration.keyGrace, log: log)
    let errors = ErrorAnswers(log: log)
    let limits = RequestLimits(configuration.rates, limiter: limiter ?? RateLimiter(log: log))
    let trail = AuditTrail(in: stores.main, keepingDays: configuration.auditRetentionDays, log: log)
    self.trail = trail
    let reencryption = ReencryptionJob(on: store, log: log)
    self.reencryption = reencryption
    let gate = Gate(authentication: Authentication(configuration, keys: keys, commandLineToken: commandLineToken))
    calls = CallRegistry()
    let health = ChannelHealth()
    channels = ChannelCache(stores.main, environment: configuration.gateway.channels, health: health, log: log)
    let upstreams = Upstreams(
      channels: channels, client: HTTPClient(configuration: configuration.gateway.client), health: health, log: log)
    let others = PassThroughHandlers(upstreams: upstreams, calls: calls, configuration: configuration)
    let table = Routes.table(
      behind: Entrance(gate: gate, limits: limits, trail: trail, errors: errors),
      ingest: IngestHandlers(store: store, configuration: configuration), reading: ReadingHandlers(store: store),
      conversations: ConversationHandlers(store: store, configuration: configuration),
      parts: ConversationPartHandlers(store: store, configuration: configuration),
      usage: UsageHandlers(store: store), completions: CompletionHandlers(store: store, configuration: configuration),
      accounts: AccountHandlers(main: stores.main, keys: keys), keys: KeyHandlers(main: stores.main, keys: keys),
      audit: AuditHandlers(main: stores.main, trail: trail), exports: ExportHandlers(store: store),
      jobs: ExportJobHandlers(main: stores.main, store: store, folder: configuration.exportFolder),
      reencryption: ReencryptionHandlers(job: reencryption, hasKeys: configuration.contentKeys.areThere),
      search: SearchHandlers(
        store: store, mayBeIndexed: configuration.buildsSearchIndex || configuration.historyDatabase.engine.file == nil),
      health: HealthHandlers(store: store),
      gateway: GatewayHandlers(
        store: store, upstreams: upstreams, calls: calls, configuration: configuration, log: log),
      models: ModelHandlers(upstreams: upstreams),
      chat: ChatHandlers(
        store: store, upstreams: upstreams, calls: calls, cache: answers ?? AnswerCache(configuration.chat, log: log),
        configuration: configuration, log: log),
      others: others, responses: ResponseHandlers(store: store, others: others),
      stored: StoredConversationHandlers(store: store, configuration: configuration),
      items: ItemHandlers(store: store, configuration: configuration),
      channels: ChannelHandlers(main: stores.main, upstreams: upstreams))
    routes = table.routes
    self.keys = keys
    self.errors = errors
    clientAddress = configuration.trustedProxies.map { ClientAddress(behind: $0) }
    accessLog = RequestLog(configuration, log: log).middleware
    cors = CORS(
      origins: configuration.corsOrigins,
      exposedFields: [
        RequestIDs.field, "Retry-After", HTTPResponse.durabilityField, CallRecord.conversationField,
        CallRecord.exchangeField,
      ] + RateDecision.fieldNames)
    let middleware: [(any Middleware)?] = [
      requestIDs, clientAddress, accessLog, cors, errors.mapping, LoopbackGuard(configuration),
      BodyMemory(MemoryBudget(limit: configuration.bodyMemory)), RequestDecoding(),
    ]
    let router = table.router
    handler = chain(middleware.compactMap { $0 }, to: { try await Self.route($0, router) })
  }

  package func respond(to request: HTTPRequest) async -> HTTPResponse {
    do {
      return try await handler(request)
    } catch {
      // Only cancellation comes this far: the client has gone, and nobody reads the answer.
      return HTTPResponse(status: 499)
    }
  }

  /// The answer to a request that no handler saw, with all that the middleware would have done about it.
  package func answer(to refusal: HTTPServer.Refusal) -> HTTPResponse {
    var request = refusal.request ?? HTTPRequest(method: "", path: "")
    request.id = requestIDs.id(of: request)
    if let clientAddress { request.peerAddress = clientAddress.address(of: request) }
    var response = errors.answer(
      APIError(status: refusal.status, code: refusal.code, detail: refusal.detail), to: request)
    response.fields[RequestIDs.field] = request.id
    cors.addFields(to: &response, for: request)
    accessLog?.record(response, to: request)
    return response
  }

  private static func route(_ request: HTTPRequest, _ router: Router) async throws -> HTTPResponse {
    switch router.match(method: request.method, path: request.path) {
    case .handler(let handler, let parameters, _):
      var request = request
      request.parameters = parameters
      return try await handler(request)
    case .methodNotAllowed(let allowed):
      throw APIError.methodNotAllowed(request.method, path: request.path, allowed: allowed)
    case .options(let allowed):
      return HTTPResponse(status: 204, fields: ["Allow": allowed.joined(separator: ", ")])
    case .badPath, .notFound:
      throw APIError.notFound("there is no \(request.path)")
    }
  }
}

import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// `POST /api/chat`: a question goes to a model with what its conversation said before.
///
/// It is a call to a model like any other: through the channels, recorded before it is answered. What it adds is the
/// context, and that an answer may be one that the same question got before.
struct ChatHandlers: Sendable {
  private let store: Store
  private let upstreams: Upstreams
  private let calls: CallRegistry
  private let cache: AnswerCache
  private let settings: ChatSettings
  private let limits: ChatLimits
  private let gateway: GatewaySettings
  private let defaultModel: String
  private let bodyLimit: Int
  private let log: Log

  init(
    store: Store, upstreams: Upstreams, calls: CallRegistry, cache: AnswerCache, configuration: Configuration, log: Log
  ) {
    self.store = store
    self.upstreams = upstreams
    self.calls = calls
    self.cache = cache
    self.log = log
    settings = configuration.chat
    gateway = configuration.gateway
    defaultModel = configuration.chat.model ?? configuration.defaultModelID
    bodyLimit = configuration.server.maximumBodySize
    var limits = configuration.chat.limits
    limits.idleTime = configuration.expiry.sessionHours.map { Int64($0) * 3_600_000 }
    self.limits = limits
  }

  @Sendable func chat(_ request: HTTPRequest) async throws -> HTTPResponse {
    let started = ContinuousClock.now
    let reach = try request.caller.reach
    let account = try request.caller.recordingAccount()
    var turn = try ChatTurn(
      parsing: try await request.json(upTo: bodyLimit), onlyApp: reach.app, onlyUser: reach.user)
    turn.clientMessageID = try turn.clientMessageID ?? request.idempotencyKey(longest: IdempotencyKey.longest)
    let place = try await place(of: turn, within: reach)
    if let told = try await told(turn, place, within: reach) { return told.response(isStream: turn.isStream) }
    let prompt = prompt(of: turn, place)
    let key = cache.key(for: prompt, of: account, wish: turn.usesCache)
    let cached: CachedAnswer? = if let key { await cache.answer(for: key) } else { nil }
    var exchange = exchange(of: turn, place, prompt, isCached: cached != nil)
    exchange.modelProvider = cached?.provider ?? exchange.modelProvider
    let record = try CallRecord(exchange, of: request, in: store, log: log, started: started)
    let call = ChatCall(
      prompt: prompt, record: record, app: exchange.appID, reach: reach, cacheKey: key, requestID: request.id,
      store: store, upstreams: upstreams, calls: calls, cache: cache, settings: gateway)
    if let cached { return try await call.response(from: cached) }
    return try await call.response()
  }

  /// Where it goes on; a new conversation needs no look. Throws 404 for one that is not there for the caller.
  private func place(of turn: ChatTurn, within reach: Reach) async throws -> ChatContext? {
    guard let id = turn.conversationID else { return nil }
    switch try await store.chatContext(of: id, within: reach, limits: limits) {
    case .new: return nil
    case .context(let context): return context
    case .noConversation: throw APIError.noConversation
    }
  }

  /// What a repeat is answered. While the history is away a question that begins a conversation is asked again; its record
  /// becomes the first one's when it is delivered.
  private func told(_ turn: ChatTurn, _ place: ChatContext?, within reach: Reach) async throws -> ChatAnswer? {
    guard let key = turn.clientMessageID else { return nil }
    do {
      let exchange = try await store.exchange(
        claiming: key, in: place?.conversation.id ?? turn.conversationID, app: app(of: turn, place),
        user: user(of: turn, place), within: reach)
      return exchange.map { ChatAnswer(repeating: $0) }
    } catch let error as StoreError {
      guard case .unavailable = error, turn.conversationID == nil else { throw error }
      return nil
    }
  }

  private func prompt(of turn: ChatTurn, _ place: ChatContext?) -> ChatPrompt {
    let conversation = place?.conversation
    let isSession = conversation?.source == IdleRule.sessionSource
    let known = isSession ? conversation?.modelName : settings.model ?? conversation?.modelName
    return ChatPrompt(
      model: turn.model ?? known ?? defaultModel,
      settings: turn.settings.completed(by: place?.settings ?? ConversationSettings()),
      context: place?.messages.map(\.message) ?? [], question: turn.question, isStream: turn.isStream)
  }

  /// What is known before there is an answer; of what was said the question alone is new.
  private func exchange(
    of turn: ChatTurn, _ place: ChatContext?, _ prompt: ChatPrompt, isCached: Bool
  ) -> NewExchange {
    var exchange = NewExchange(
      appID: app(of: turn, place), userID: user(of: turn, place),
      conversationID: place?.conversation.id ?? turn.conversationID, clientMessageID: turn.clientMessageID,
      modelProvider: CallRecord.anyProvider, modelName: prompt.model, messages: [turn.question], choices: [])
    exchange.metadata = turn.metadata
    exchange.source = IdleRule.sessionSource
    if let last = place?.messages.last { exchange.thread = ThreadPlace(parentID: last.id) }
    var kept = turn.kept
    kept.sent = prompt.sent(isCached: isCached)
    exchange.request = kept.stored
    return exchange
  }

  private func app(of turn: ChatTurn, _ place: ChatContext?) -> String {
    turn.appID ?? place?.conversation.appID ?? CallRecord.anyApp
  }

  private func user(of turn: ChatTurn, _ place: ChatContext?) -> String {
    turn.userID ?? place?.conversation.userID ?? CallRecord.anybody
  }
}

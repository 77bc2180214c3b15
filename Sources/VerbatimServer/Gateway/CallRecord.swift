import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// What is recorded of one call: its request at first, then its answer.
struct CallRecord: Sendable {
  static let conversationField = "X-Conversation-Id"
  static let exchangeField = "X-Exchange-Id"
  private static let appField = "X-App-Id"
  static let anybody = "anonymous"
  static let anyApp = "default"
  /// Of a call that no channel has answered yet.
  static let anyProvider = "custom"

  private let store: Store
  private let log: Log
  private let account: String
  private let mode: RecordMode
  private let reservation: Store.ExchangeReservation
  private let started: ContinuousClock.Instant
  private let requestID: String
  private var exchange: NewExchange
  private var firstTokenLatency: Duration?

  var conversationID: String { exchange.conversationID ?? reservation.conversationID }
  var exchangeID: UUIDv7 { reservation.exchangeID }

  /// Throws 400 and 403 for a conversation, app or user that cannot be.
  init(
    of chat: ChatRequest, _ request: HTTPRequest, _ mode: RecordMode, in store: Store, log: Log,
    started: ContinuousClock.Instant
  ) throws(APIError) {
    let caller = try request.caller
    let app = try Self.app(request, caller)
    let user = caller.reach.user ?? chat.endUser.map(EndUser.id) ?? Self.anybody
    var exchange = chat.exchange(appID: app, userID: user, provider: Self.anyProvider)
    if let conversation = try Self.text(Self.conversationField, request, limit: IngestLimits.conversationID) {
      exchange.conversationID = conversation
    }
    try self.init(exchange, of: request, mode, in: store, log: log, started: started)
  }

  /// Of what is known before there is an answer; adds who calls.
  init(
    _ exchange: NewExchange, of request: HTTPRequest, _ mode: RecordMode = .full, in store: Store, log: Log,
    started: ContinuousClock.Instant
  ) throws(APIError) {
    var exchange = exchange
    let origin = try RecordOrigin(request)
    origin.mark(&exchange)
    self.exchange = exchange
    self.store = store
    self.log = log
    self.mode = mode
    self.started = started
    requestID = request.id
    account = origin.account
    reservation = store.reserveExchange(messageCount: exchange.messages.count)
  }

  /// Throws 404 for a conversation of somebody else, which would not take the record. Where that cannot be said now, the
  /// call goes on.
  func checkConversation(of caller: Caller, within patience: Duration) async throws {
    guard exchange.conversationID != nil, caller.reach.isNarrow, !store.isAway else { return }
    let look = LookUp { await isOfAnother(than: caller) }
    guard let isOfAnother = await look.answer(within: patience) else {
      return log.warning("MES A conversation is not looked up in time", ["request_id": requestID])
    }
    if isOfAnother { throw APIError.noConversation }
  }

  private func isOfAnother(than caller: Caller) async -> Bool {
    do {
      guard try await store.conversation(conversationID, within: caller.reach) == nil else { return false }
      return try await store.conversation(conversationID, within: .account(account)) != nil
    } catch {
      if !Task.isCancelled {
        log.warning("MES A conversation cannot be looked up", ["request_id": requestID, "reason": "\(error)"])
      }
      return false
    }
  }

  /// Finds the conversation that the request goes on with: that of the response that it names, else by what it repeats.
  /// Where that cannot be done now, it begins one.
  func inItsThread(_ chat: ChatRequest, for caller: Caller) async -> CallRecord {
    guard !store.isAway else { return beginningAThread(chat) }
    var record = self
    await record.findThread(of: chat, for: caller)
    return record
  }

  /// Begins a conversation where it names none; asks no database. Later requests find it by what it says.
  func beginningAThread(_ chat: ChatRequest) -> CallRecord {
    var record = self
    if mode == .full, let request = chat.threaded {
      record.exchange.thread = store.newThread(
        of: request, account: account, app: exchange.appID, user: exchange.userID)
    }
    return record
  }

  private mutating func findThread(of chat: ChatRequest, for caller: Caller) async {
    if exchange.conversationID == nil, let previous = chat.previousResponseID {
      await goOn(with: previous, within: reach(of: caller, chat))
    }
    guard mode == .full, let request = chat.threaded else { return }
    do {
      let found = try await store.thread(
        of: request, account: account, app: exchange.appID, user: exchange.userID,
        conversation: exchange.conversationID)
      exchange.conversationID = found.conversationID
      exchange.thread = found.place
    } catch {
      log.warning("MES A thread cannot be looked for", ["request_id": requestID, "reason": "\(error)"])
    }
  }

  /// Some upstreams give all responses one id, so what the request names decides whose is meant.
  private func reach(of caller: Caller, _ chat: ChatRequest) -> Reach {
    var reach = Reach(account: account, app: caller.reach.app, user: caller.reach.user ?? chat.endUser.map(EndUser.id))
    if exchange.appID != Self.anyApp { reach.app = exchange.appID }
    return reach
  }

  private mutating func goOn(with response: String, within reach: Reach) async {
    do {
      exchange.conversationID = try await store.completion(response, within: reach)?.conversationID
    } catch {
      log.warning("MES A response cannot be looked up", ["request_id": requestID, "reason": "\(error)"])
    }
  }

  mutating func note(_ channel: Channel) {
    exchange.channelID = channel.id
    exchange.modelProvider = channel.dialect.rawValue
  }

  mutating func noteFirstToken() {
    if firstTokenLatency == nil { firstTokenLatency = started.duration(to: .now) }
  }

  /// Returns when the exchange is durable; throws where it could not be made so, which is logged.
  func end(_ answer: Answer, isStream: Bool) async throws(StoreError) -> Store.Receipt {
    var exchange = exchange
    answer.fill(&exchange)
    exchange.isStream = isStream
    return try await append(exchange)
  }

  /// Of a call that no upstream answered.
  func end(_ error: APIError) async throws(StoreError) -> Store.Receipt {
    var exchange = exchange
    exchange.failure = NewExchange.Failure(code: error.code, message: error.detail)
    return try await append(exchange)
  }

  /// Of a call that was not answered: the error for the client, once it is recorded where an upstream was asked.
  mutating func end(_ unanswered: Upstreams.Unanswered, _ settings: GatewaySettings) async throws -> APIError {
    guard let channel = unanswered.channel else { return unanswered.error }
    note(channel)
    do {
      _ = try await end(unanswered.error)
    } catch {
      if settings.recording == .strict { throw error }
    }
    return unanswered.error.saying(self)
  }

  private func append(_ exchange: NewExchange) async throws(StoreError) -> Store.Receipt {
    var exchange = exchange
    exchange.latency = started.duration(to: .now)
    exchange.firstTokenLatency = firstTokenLatency
    if mode == .metadata { exchange = exchange.withoutContent }
    do {
      return try await store.append(exchange, account: account, as: reservation)
    } catch {
      log.error(
        "MES A call could not be recorded",
        ["request_id": requestID, "exchange_id": "\(exchangeID)", "reason": "\(error)"])
      throw error
    }
  }

  /// Whose app a call is of; throws 403 where its key is limited to another.
  static func app(_ request: HTTPRequest, _ caller: Caller) throws(APIError) -> String {
    let named = try text(appField, request, limit: IngestLimits.appID)
    guard let own = caller.reach.app else { return named ?? anyApp }
    guard named == nil || named == own else {
      throw .forbidden("this key is limited to another app than \(appField) names")
    }
    return own
  }

  private static func text(_ name: String, _ request: HTTPRequest, limit: Int) throws(APIError) -> String? {
    guard let text = request.fields[name], !text.isEmpty else { return nil }
    guard text.unicodeScalars.count <= limit else { throw .invalid("\(name) is longer than \(limit) characters") }
    guard !text.unicodeScalars.contains("\u{FFFD}") else { throw .invalid("\(name) must be UTF-8") }
    return text
  }
}

extension HTTPResponse {
  /// Tells the client and the trail; an id that is no text of a header stays out of there.
  mutating func sayIDs(_ conversation: String, _ exchange: UUIDv7) {
    AuditNotes.current?.add(conversation: conversation)
    fields[CallRecord.exchangeField] = exchange.description
    guard conversation.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { return }
    fields[CallRecord.conversationField] = conversation
  }
}

extension APIError {
  /// Which exchange has it in the error history.
  func saying(_ record: CallRecord) -> APIError {
    var response = HTTPResponse(status: status, fields: fields)
    response.sayIDs(record.conversationID, record.exchangeID)
    var error = self
    error.fields = response.fields
    return error
  }
}

extension NewExchange {
  /// Without what was said: roles, counts, times and names remain.
  fileprivate var withoutContent: NewExchange {
    var exchange = self
    exchange.messages = messages.map { Message(role: $0.role, content: nil, contentKind: .none) }
    exchange.choices = choices.map { Message(role: $0.role, content: nil, contentKind: .none) }
    exchange.failure = failure.map { Failure(code: $0.code, message: "") }
    exchange.attachments = []
    exchange.request = nil
    exchange.inputs = nil
    exchange.metadata = nil
    return exchange
  }
}

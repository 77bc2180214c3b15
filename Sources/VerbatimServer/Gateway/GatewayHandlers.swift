import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Calls to models: passed on byte for byte, and recorded.
struct GatewayHandlers: Sendable {
  private let store: Store
  private let upstreams: Upstreams
  private let calls: CallRegistry
  private let settings: GatewaySettings
  private let bodyLimit: Int
  private let log: Log

  init(store: Store, upstreams: Upstreams, calls: CallRegistry, configuration: Configuration, log: Log) {
    self.store = store
    self.upstreams = upstreams
    self.calls = calls
    self.log = log
    settings = configuration.gateway
    bodyLimit = configuration.server.maximumBodySize
  }

  @Sendable func chatCompletions(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await answer(request, .chatCompletions)
  }

  @Sendable func responses(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await answer(request, .responses)
  }

  @Sendable func messages(_ request: HTTPRequest) async throws -> HTTPResponse {
    try await answer(request, .messages)
  }

  private func answer(_ request: HTTPRequest, _ kind: RecordedCall) async throws -> HTTPResponse {
    let started = ContinuousClock.now
    guard case .json = try ContentType(request.fields) else {
      throw APIError.unsupportedMediaType("the body of a call to a model must be application/json")
    }
    let mode = try RecordMode(request.fields, settings)
    let chat = try ChatRequest(parsing: try await request.body.collect(upTo: bodyLimit)[...], call: kind)
    let record = try mode == .none ? nil : CallRecord(of: chat, request, mode, in: store, log: log, started: started)
    let caller = try request.caller
    try await record?.checkConversation(of: caller, within: settings.lookUpPatience)
    try await checkPrevious(of: chat, caller)
    // While the model is asked, which takes longer.
    let search = record.map { record in LookUp { await record.inItsThread(chat, for: caller) } }
    let token = calls.begin()
    var call = try Self.call(chat, request, isRecorded: record != nil)
    call.readingOn = ReadingOn(for: record == nil ? .zero : settings.readingOn)
    let reply: Upstreams.Reply
    do {
      reply = try await upstreams.reply(to: call)
    } catch let unanswered as Upstreams.Unanswered {
      var record = await placed(record, of: chat, by: search)
      throw try await record?.end(unanswered, settings) ?? unanswered.error
    }
    var answer = ModelCall(
      reply, to: chat, record: await placed(record, of: chat, by: search), settings: settings, token: token,
      readingOn: call.readingOn)
    return try await answer.response()
  }

  /// Throws 404 for a response of somebody else, with which the upstream would go on. Where that cannot be said now, the
  /// call goes on.
  private func checkPrevious(of chat: ChatRequest, _ caller: Caller) async throws {
    guard let previous = chat.previousResponseID, !caller.isAdministrator, !store.isAway else { return }
    let look = LookUp { [store, log] in
      do {
        return try await store.isCompletionOfAnother(previous, than: caller.reach)
      } catch {
        if !Task.isCancelled { log.warning("MES A response cannot be looked up", ["reason": "\(error)"]) }
        return false
      }
    }
    if await look.answer(within: settings.lookUpPatience) ?? false { throw APIError.noResponse }
  }

  /// In its thread, or at the beginning of one where that is not found in time: an answer does not wait for the history.
  private func placed(
    _ record: CallRecord?, of chat: ChatRequest, by search: LookUp<CallRecord>?
  ) async -> CallRecord? {
    guard let record, let search else { return nil }
    if let placed = await search.answer(within: settings.lookUpPatience) { return placed }
    log.warning("MES A thread is not found in time", ["exchange_id": "\(record.exchangeID)"])
    return record.beginningAThread(chat)
  }

  private static func call(
    _ chat: ChatRequest, _ request: HTTPRequest, isRecorded: Bool
  ) throws(APIError) -> Upstreams.Call {
    var call = Upstreams.Call(
      chat, method: request.method, path: try request.upstreamPath, query: request.query, fields: request.fields)
    call.mayAskForUsage = isRecorded && chat.asksForUsage
    call.dialects = chat.call == .messages ? [.anthropic] : [.openai, .azure]
    return call
  }
}

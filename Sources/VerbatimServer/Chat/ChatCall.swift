import HTTP
import Providers
import Synchronization
import VerbatimModel
import VerbatimStore

/// One question on its way to a model and back.
struct ChatCall: Sendable {
  let prompt: ChatPrompt
  var record: CallRecord
  let app: String
  let reach: Reach
  /// nil where the answer is not to be used again.
  let cacheKey: String?
  let requestID: String
  let store: Store
  let upstreams: Upstreams
  let calls: CallRegistry
  let cache: AnswerCache
  let settings: GatewaySettings

  /// From the cache, once that is recorded.
  func response(from cached: CachedAnswer) async throws -> HTTPResponse {
    let answer = cached.answer
    var receipt: Store.Receipt?
    do {
      receipt = try await record.end(answer, isStream: prompt.isStream)
    } catch {
      if settings.recording == .strict { throw error }
    }
    var told = try await chatAnswer(answer, receipt)
    if !told.isDuplicate { told.isCached = true }
    return told.response(isStream: prompt.isStream)
  }

  /// From a model.
  func response() async throws -> HTTPResponse {
    let chat = try ChatRequest(parsing: prompt.body)
    let token = calls.begin()
    var question = Self.call(chat)
    question.readingOn = ReadingOn(for: settings.readingOn)
    let reply: Upstreams.Reply
    do {
      reply = try await upstreams.reply(to: question)
    } catch let unanswered as Upstreams.Unanswered {
      var record = record
      throw try await record.end(unanswered, settings)
    }
    let ending = ChatEnding()
    var call = ModelCall(
      reply, to: chat, record: record, settings: settings, token: token, readingOn: question.readingOn)
    call.onEnd = { answer, receipt in ending.set(answer, receipt) }
    let response = try await call.response()
    if case .stream(let pump) = response.body {
      guard !prompt.isStream || !reply.isEventStream else { return stream(pump, reply, ending) }
      try await Self.drain(pump, ending)
    }
    return try await whole(reply, ending)
  }

  private static func call(_ chat: ChatRequest) -> Upstreams.Call {
    var call = Upstreams.Call(chat, path: chat.call.rawValue, fields: ["Content-Type": "application/json"])
    call.mayAskForUsage = chat.asksForUsage
    return call
  }

  // MARK: In one piece

  private func whole(_ reply: Upstreams.Reply, _ ending: ChatEnding) async throws -> HTTPResponse {
    guard let (answer, receipt) = ending.value else { throw APIError.unrecorded }
    if let error = APIError(failed: answer, reply.answer) { throw error.saying(record) }
    return try await end(answer, receipt, from: reply.channel).response(isStream: prompt.isStream)
  }

  /// Reads an answer that is not passed on as it comes; how it broke off, the record says.
  private static func drain(
    _ pump: @Sendable (ResponseWriter) async throws -> Void, _ ending: ChatEnding
  ) async throws {
    do {
      try await pump(ResponseWriter { _ in })
    } catch {
      if ending.value == nil { throw error }
    }
  }

  /// What is told of a recorded answer, which is kept for those who ask the same.
  func end(_ answer: Answer, _ receipt: Store.Receipt?, from channel: Channel) async throws -> ChatAnswer {
    let told = try await chatAnswer(answer, receipt)
    if let cacheKey, !told.isDuplicate, let kept = CachedAnswer(answer, from: channel.dialect.rawValue),
      !answer.choices.contains(where: { store.redacts($0, of: app) })
    {
      await cache.keep(kept, for: cacheKey)
    }
    return told
  }

  /// Where another has claimed the record's key meanwhile, that one's answer.
  private func chatAnswer(_ answer: Answer, _ receipt: Store.Receipt?) async throws -> ChatAnswer {
    if let receipt, receipt.isDuplicate, let first = try await first(receipt) { return ChatAnswer(repeating: first) }
    var told = ChatAnswer(
      conversationID: receipt?.conversationID ?? record.conversationID,
      messageID: receipt?.exchangeID ?? record.exchangeID, answer, model: prompt.model)
    told.isJournaled = receipt?.isJournaled ?? false
    told.isDuplicate = receipt?.isDuplicate ?? false
    return told
  }

  /// nil also while the history cannot be read: then the caller has what its own question was answered.
  private func first(_ receipt: Store.Receipt) async throws -> StoredExchange? {
    do {
      return try await store.exchange(receipt.exchangeID, within: reach)
    } catch StoreError.unavailable {
      return nil
    }
  }

  // MARK: As a stream

  private func stream(
    _ pump: @escaping @Sendable (ResponseWriter) async throws -> Void, _ reply: Upstreams.Reply, _ ending: ChatEnding
  ) -> HTTPResponse {
    let call = self
    var response = HTTPResponse(status: 200, fields: ChatEvent.fields)
    response.sayIDs(record.conversationID, record.exchangeID)
    response.body = .stream { writer in
      let stream = ChatStream(call, from: reply, ending, to: writer)
      do {
        try await pump(ResponseWriter { bytes in try await stream.pass(bytes) })
      } catch HTTPError.peerGone {
        throw HTTPError.peerGone
      } catch {
        return try await stream.fail(error)
      }
      try await stream.end()
    }
    return response
  }
}

/// What a call came to, once it is recorded.
final class ChatEnding: Sendable {
  private let recorded = Mutex<(Answer, Store.Receipt?)?>(nil)

  var value: (answer: Answer, receipt: Store.Receipt?)? { recorded.withLock { $0 } }

  func set(_ answer: Answer, _ receipt: Store.Receipt?) { recorded.withLock { $0 = (answer, receipt) } }
}

extension APIError {
  static let unrecorded = APIError(
    status: 502, code: "upstream_error", detail: "the provider's answer came to no end")

  /// What of a failed answer its caller can do something about; nil for one that has not failed. What a provider says of
  /// the channel's own key is for the operator alone.
  init?(failed answer: Answer, _ reply: IncomingAnswer) {
    guard let failure = answer.failure else { return nil }
    let said = "the model's provider failed (\(failure.code)): \(failure.message)"
    switch reply.status {
    case 400, 404, 413, 422: self.init(status: 400, code: "upstream_refused", detail: said)
    case 401...403:
      let detail = "the model's provider refuses the channel's key with \(reply.status)"
      self.init(status: 502, code: "upstream_refused", detail: detail)
    case 408, 504: self.init(status: 504, code: "upstream_timeout", detail: said)
    case 429: self.init(status: 429, code: "upstream_rate_limited", detail: said)
    case 503, 529: self.init(status: 503, code: "upstream_unavailable", detail: said)
    default: self.init(status: 502, code: "upstream_error", detail: said)
    }
    if status == 429 || status == 503 { fields["Retry-After"] = reply.fields["Retry-After"] ?? "1" }
  }
}

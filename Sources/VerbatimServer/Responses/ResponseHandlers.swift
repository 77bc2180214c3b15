import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// Responses as OpenAI's clients ask for them later: those that were recorded here out of the history. The upstream is
/// asked for them where it has more to tell, and for others only by who may see whatever it keeps.
struct ResponseHandlers: Sendable {
  private static let limits = 1...100

  let store: Store
  let others: PassThroughHandlers

  /// One that had not ended when it was recorded, and one that is to be streamed, is the upstream's to tell.
  @Sendable func response(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let found = try await recorded(request).flatMap(RecordedResponse.init), found.hasEnded,
      request.queryParameter("stream") != "true"
    else { return try await pass(request) }
    return .json(found.json)
  }

  /// The upstream stops working on it.
  @Sendable func cancel(_ request: HTTPRequest) async throws -> HTTPResponse {
    _ = try await recorded(request)
    return try await pass(request)
  }

  /// Nobody finds it by its id any more; the conversation keeps its messages. The upstream is told, too.
  @Sendable func delete(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let found = try await recorded(request).flatMap(RecordedResponse.init) else { return try await pass(request) }
    let isTold = try await mayAsk(request)
    _ = try await store.forgetCompletion(request.responseID, within: request.caller.reach)
    if isTold { await others.tell(request, model: found.model) }
    var json = JSONWriter()
    json.deleted(request.responseID, object: "response")
    return .json(json)
  }

  /// What the request said, its last item first unless asked otherwise.
  @Sendable func inputItems(_ request: HTTPRequest) async throws -> HTTPResponse {
    let limit = try request.number("limit", within: Self.limits, standard: 20)
    let order = try request.choice("order", of: ListOrder.self) ?? .desc
    let after = try request.parameter("after", longest: IngestLimits.code)
    guard let exchange = try await recorded(request), RecordedResponse(exchange) != nil else {
      return try await pass(request)
    }
    var items = try await input(of: exchange, within: request.caller.reach)
    if order == .desc { items.reverse() }
    if let after {
      guard let place = items.firstIndex(where: { $0.id == after }) else {
        throw APIError.invalid("after must be the id of an input item of this response")
      }
      items.removeFirst(place + 1)
    }
    return ItemHandlers.answer(ItemPage(items: Array(items.prefix(limit)), hasMore: items.count > limit))
  }

  /// As the request wrote it; where it cannot be written again, what its rows hold.
  private func input(of exchange: StoredExchange, within reach: Reach) async throws -> [ListedItem] {
    let body = try await store.requestBody(of: exchange.id, in: exchange.conversationID, within: reach)
    let items =
      body.flatMap { JSONSlice(trusting: $0)["input"] }.map(ConversationItem.items(ofInput:))
      ?? exchange.messages.flatMap { ConversationItem.items(of: $0) }
    return items.enumerated().map { place, item in
      ListedItem(id: ItemID.text(for: item, at: place, inRequestOf: exchange.id), item: item)
    }
  }

  /// The caller's own exchange of this id, whatever it is; nil where there is none.
  private func recorded(_ request: HTTPRequest) async throws -> StoredExchange? {
    let reach = try request.caller.reach
    guard reach.account != nil else { throw APIError.noResponse }
    guard let exchange = try await store.completion(request.responseID, within: reach) else { return nil }
    AuditNotes.current?.add(conversation: exchange.conversationID)
    return exchange
  }

  /// Whether the upstream may be asked: about what a channel answered to a call of the caller's own, and by who may see
  /// all that it keeps about what is nobody else's here.
  private func mayAsk(_ request: HTTPRequest) async throws -> Bool {
    let (id, caller) = (request.responseID, try request.caller)
    if try await store.isOfChannel(id, within: caller.reach) { return true }
    guard others.reachesState(caller) else { return false }
    return try await !store.isCompletion(id, beyond: caller.reach)
  }

  private func pass(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard try request.caller.may(.chat), try await mayAsk(request) else { throw APIError.noResponse }
    do {
      return try await others.passOwn(request)
    } catch let error as APIError where error.code == Upstreams.noChannel.code {
      throw APIError.noResponse
    }
  }
}

/// An exchange of the history that a call to /v1/responses was.
private struct RecordedResponse {
  private static let unfinished: Set<String> = ["queued", "in_progress"]

  private let exchange: StoredExchange
  private let answer: JSONSlice

  init?(_ exchange: StoredExchange) {
    guard let answer = KeptRequest(stored: exchange.request)?.answer.map({ JSONSlice(trusting: $0) }),
      answer["output"] != nil
    else { return nil }
    self.exchange = exchange
    self.answer = answer
  }

  var model: String { exchange.modelName }

  var hasEnded: Bool { !Self.unfinished.contains(answer["status"]?.string?.string ?? "") }

  /// As it was answered.
  var json: JSONWriter {
    var json = JSONWriter(reservingCapacity: answer.bytes.count + 512)
    json.beginObject()
    for field in answer.fields { json.field(key: field.key.json, field.value.bytes) }
    json.key("usage")
    json.raw(orNull: exchange.usage)
    json.endObject()
    return json
  }
}

extension HTTPRequest {
  fileprivate var responseID: String { parameters["response_id"] ?? "" }
}

extension APIError {
  static let noResponse = APIError.notFound("there is no such response")
}

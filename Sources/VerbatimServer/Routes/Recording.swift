import HTTP
import VerbatimModel
import VerbatimStore

/// Where the exchanges of one request go, and on whose behalf.
struct Recording: Sendable {
  private let store: Store
  private let defaults: IngestDefaults
  private let origin: RecordOrigin

  init(_ request: HTTPRequest, to store: Store, defaults: IngestDefaults) throws(APIError) {
    let reach = try request.caller.reach
    var defaults = defaults
    defaults.onlyAppID = reach.app
    defaults.onlyUserID = reach.user
    self.store = store
    self.defaults = defaults
    origin = try RecordOrigin(request)
  }

  func exchange(_ json: Bytes, _ kind: ExchangeBody.Kind) throws(InvalidExchange) -> NewExchange {
    var exchange = try ExchangeBody.parse(json, kind: kind, defaults: defaults)
    origin.mark(&exchange)
    return exchange
  }

  /// Messages that nobody has answered, in a conversation that is there.
  func unanswered(_ messages: [Message], in conversation: Conversation) -> NewExchange {
    var exchange = NewExchange(
      appID: conversation.appID, userID: conversation.userID, conversationID: conversation.id,
      modelProvider: defaults.modelProvider, modelName: conversation.modelName ?? defaults.modelID,
      messages: messages, choices: [])
    exchange.source = NewConversation.source
    origin.mark(&exchange)
    return exchange
  }

  func append(_ exchange: NewExchange) async throws -> Store.Receipt {
    try await store.append(exchange, account: origin.account)
  }

  /// Results in order.
  func append(_ exchanges: [NewExchange]) async -> [Result<Store.Receipt, StoreError>] {
    await store.append(exchanges, account: origin.account)
  }
}

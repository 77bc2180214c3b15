import HTTP
import VerbatimModel
import VerbatimStore

/// Where the exchanges of one request go, and on whose behalf.
struct Recording: Sendable {
  private let store: Store
  private let account: String
  private let defaults: IngestDefaults
  private let ownership: NewExchange.Ownership
  private let ip: String
  /// The key's, where there is one.
  private let tokenID: Int64?
  private let tokenName: String?

  init(_ request: HTTPRequest, to store: Store, defaults: IngestDefaults) throws(APIError) {
    let caller = try request.caller
    var defaults = defaults
    defaults.onlyAppID = caller.reach.app
    defaults.onlyUserID = caller.reach.user
    self.store = store
    self.defaults = defaults
    var ownership = NewExchange.Ownership()
    if caller.reach.app != nil { ownership.insert(.app) }
    if caller.reach.user != nil { ownership.insert(.user) }
    self.ownership = ownership
    account = try caller.recordingAccount()
    ip = request.peerAddress
    if case .key(_, let name, let number, _) = caller.credential {
      (tokenID, tokenName) = (number, name)
    } else {
      (tokenID, tokenName) = (nil, nil)
    }
  }

  func exchange(_ json: Bytes, _ kind: ExchangeBody.Kind) throws(InvalidExchange) -> NewExchange {
    var exchange = try ExchangeBody.parse(json, kind: kind, defaults: defaults)
    exchange.ip = ip
    exchange.ownership = ownership
    exchange.tokenID = tokenID
    exchange.tokenName = tokenName
    return exchange
  }

  func append(_ exchange: NewExchange) async throws -> Store.Receipt {
    try await store.append(exchange, account: account)
  }

  /// Results in order.
  func append(_ exchanges: [NewExchange]) async -> [Result<Store.Receipt, StoreError>] {
    await store.append(exchanges, account: account)
  }
}

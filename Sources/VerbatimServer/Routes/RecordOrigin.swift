import HTTP
import VerbatimModel

/// On whose behalf the exchanges of a request are recorded, and from where.
struct RecordOrigin: Sendable {
  let account: String
  private let ownership: NewExchange.Ownership
  private let ip: String
  /// The key's, where there is one.
  private let tokenID: Int64?
  private let tokenName: String?

  init(_ request: HTTPRequest) throws(APIError) {
    let caller = try request.caller
    account = try caller.recordingAccount()
    var ownership = NewExchange.Ownership()
    if caller.reach.app != nil { ownership.insert(.app) }
    if caller.reach.user != nil { ownership.insert(.user) }
    self.ownership = ownership
    ip = request.peerAddress
    if case .key(_, let name, let number, _) = caller.credential {
      (tokenID, tokenName) = (number, name)
    } else {
      (tokenID, tokenName) = (nil, nil)
    }
  }

  func mark(_ exchange: inout NewExchange) {
    exchange.ip = ip
    exchange.ownership = ownership
    exchange.tokenID = tokenID
    exchange.tokenName = tokenName
  }
}

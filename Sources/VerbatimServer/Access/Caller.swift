import HTTP
import VerbatimModel
import VerbatimStore

/// Who sent a request, and what it may do and touch.
package struct Caller: Sendable, Equatable {
  /// How it is known.
  package enum Credential: Sendable, Equatable {
    /// Not at all: the server asks for no keys.
    case keyless
    case key(id: UUIDv7, name: String, tokenID: Int64?, rate: KeyRate)
    /// The command line on the server's own machine.
    case commandLine
  }

  package let credential: Credential
  /// Whose key it is.
  package let account: String
  package let role: Account.Role
  package let scopes: Scopes
  /// The conversations it may touch with this request: its account's, narrowed to the app and user of the key and to
  /// the user for whom it acts; an administrator's the account that `account_id` names, or all.
  package private(set) var reach: Reach

  package init(
    credential: Credential, account: String, role: Account.Role, scopes: Scopes, app: String? = nil, user: String? = nil
  ) {
    self.credential = credential
    self.account = account
    self.role = role
    self.scopes = scopes
    reach = Reach(account: account, app: app, user: user)
  }

  /// Everybody, where the server asks for no keys.
  package static let keyless = Caller(
    credential: .keyless, account: Account.standard, role: .user, scopes: [.ingest, .read, .chat, .actForUsers])

  package var isAdministrator: Bool { role == .admin && scopes.contains(.admin) }

  func may(_ need: Need) -> Bool {
    if isAdministrator { return true }
    switch need {
    case .nothing: return true
    case .ingest: return scopes.contains(.ingest)
    case .read: return scopes.contains(.read)
    case .chat: return scopes.contains(.chat)
    case .admin: return false
    }
  }

  /// The account that a record goes to.
  func recordingAccount() throws(APIError) -> String {
    guard let account = reach.account else { throw .invalid("account_id=* is for lists; a record needs one account") }
    return account
  }

  mutating func act(forUser user: String) throws(APIError) {
    guard scopes.contains(.actForUsers) || isAdministrator else {
      throw .forbidden("this key may not act for users: X-User-Id needs the scope act-for-users")
    }
    guard reach.user.map({ $0.utf8.elementsEqual(user.utf8) }) ?? true else {
      throw .forbidden("this key is limited to another user than X-User-Id names")
    }
    reach.user = user
  }

  mutating func act(inAccount account: String) throws(APIError) {
    if account.utf8.elementsEqual(self.account.utf8) { return }
    guard isAdministrator else { throw .forbidden("account_id names another account, which needs the scope admin") }
    reach.account = account == "*" ? nil : account
  }
}

extension HTTPRequest {
  /// Who sent it; throws where nobody was asked who it is, as on routes that need nothing.
  var caller: Caller {
    get throws(APIError) {
      guard let caller = principal as? Caller else { throw .unauthorized("this needs a key") }
      return caller
    }
  }
}

import Databases

/// Whose conversations a call may touch: an account's, perhaps only those of one app or of one of its users.
///
/// It is part of every statement that reads or changes conversations: what lies outside is not there, so that ids of
/// others cannot be told from ids of nobody. A conversation's own app and user decide, not those of its rows.
package struct Reach: Sendable, Hashable {
  /// nil: every account, for an administrator's lists, searches, statistics and exports; what asks for one conversation
  /// finds none then, since ids are unique within an account only.
  package var account: String?
  /// nil: every app.
  package var app: String?
  /// nil: every user.
  package var user: String?

  package init(account: String?, app: String? = nil, user: String? = nil) {
    self.account = account
    self.app = app
    self.user = user
  }

  /// All that one account has.
  package static func account(_ name: String) -> Reach { Reach(account: name) }

  /// Whether it is less than a whole account.
  package var isNarrow: Bool { app != nil || user != nil }

  /// Whether a conversation lies within, by its account, app and user, compared byte by byte as the database does.
  package func contains(account: String, app: String, user: String) -> Bool {
    func agrees(_ wanted: String?, _ value: String) -> Bool { wanted.map { ExactText($0) == ExactText(value) } ?? true }
    return agrees(self.account, account) && agrees(self.app, app) && agrees(self.user, user)
  }

  /// What a row of `conversations`, or of another table with its columns of the same names, must satisfy; to stand in a
  /// WHERE. `table`: its alias in the statement, where it has one.
  func condition(on table: String? = nil) -> SQL {
    let prefix: SQL = table.map { "\(identifier: $0)." } ?? ""
    var condition: SQL = account.map { "\(prefix)account_id = \($0)" } ?? "1 = 1"
    if let app { condition = "\(condition) AND \(prefix)app_id = \(app)" }
    if let user { condition = "\(condition) AND \(prefix)user_id = \(user)" }
    return condition
  }
}

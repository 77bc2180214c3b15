import Databases
import VerbatimModel

/// When conversations count as idle: those whose last exchange and last change lie before a time. Sessions of chat and
/// recorded history have times of their own; nil: these never do.
package struct IdleRule: Sendable, Equatable {
  /// The `source` of conversations that are sessions of chat.
  package static let sessionSource = "chat"

  /// Unix milliseconds.
  package var sessions: Int64?
  package var history: Int64?

  package init(sessions: Int64?, history: Int64?) {
    self.sessions = sessions
    self.history = history
  }

  fileprivate func limit(ofSource source: String) -> Int64? { source == Self.sessionSource ? sessions : history }
}

/// A conversation that lay idle when it was looked at.
package struct IdleConversation: Sendable, Equatable {
  package let account: String
  package let id: String
  package let isSession: Bool
  /// Whether it still does is asked again, by this time, when something is done about it.
  let limit: Int64
}

/// Some conversations in the order of their keys, and where to go on.
package struct IdlePage: Sendable {
  package struct Cursor: Sendable {
    fileprivate let values: [SQLValue]
  }

  package var idle: [IdleConversation] = []
  /// nil at the end.
  package var next: Cursor?
}

/// Finds idle conversations by looking at all of them, a bounded page at a time. No index leads to them: it would have
/// to move with every exchange.
extension Store {
  /// Takes the work of maintenance, or goes on with it; nobody else does it meanwhile.
  package func takeMaintenance() async throws -> Bool { try await takeLease() }

  /// `pageSize`: how many conversations are looked at.
  package func idleConversations(
    _ rule: IdleRule, behind cursor: IdlePage.Cursor? = nil, pageSize: Int = 2000
  ) async throws -> IdlePage {
    try await database.read { try $0.idleConversations(rule, behind: cursor, size: pageSize) }
  }

  /// Archives those that still lie idle; answers how many.
  package func archive(_ idle: [IdleConversation]) async throws -> Int {
    let now: Int64 = configuration.clock()
    return try await writing { connection in
      try connection.transaction { try idle.reduce(0) { try $0 + connection.archive($1, now: now) } }
    }
  }
}

extension Connection {
  fileprivate func idleConversations(_ rule: IdleRule, behind cursor: IdlePage.Cursor?, size: Int) throws -> IdlePage {
    let isBehind: SQL = try cursor.map { try dialect().isBehind($0.values, in: ["account_id", "id"]) } ?? "1 = 1"
    var page = IdlePage()
    var count = 0
    var last: [SQLValue] = []
    try forEachRow(
      """
      SELECT account_id, id, source, status, last_active_at, updated_at
      FROM conversations
      WHERE \(isBehind)
      ORDER BY account_id, id
      LIMIT \(size)
      """
    ) { row in
      let (account, id, source) = (row.text(0), row.text(1), row.text(2))
      count += 1
      last = [account.sqlValue, id.sqlValue]
      if row.text(3) == "active", let limit = rule.limit(ofSource: source), row.integer(4) < limit,
        row.integer(5) < limit
      {
        let isSession: Bool = source == IdleRule.sessionSource
        page.idle.append(IdleConversation(account: account, id: id, isSession: isSession, limit: limit))
      }
      return true
    }
    if count == size { page.next = IdlePage.Cursor(values: last) }
    return page
  }

  /// An exchange that came meanwhile keeps it.
  func archive(_ idle: IdleConversation, now: Int64) throws -> Int {
    try execute(
      """
      UPDATE conversations
      SET status = 'archived', updated_at = \(now)
      WHERE account_id = \(idle.account) AND id = \(idle.id) AND status = 'active'
        AND last_active_at < \(idle.limit) AND updated_at < \(idle.limit)
      """)
  }
}

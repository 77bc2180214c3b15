import Databases
import VerbatimModel

extension Connection {
  /// Throws `StoreError.outOfReach` where one of these exchanges is in a conversation that its sender may not write to,
  /// or repeats one there. In the transaction of their rows, after the conversations were written and are locked: so it
  /// holds also when two make a conversation at the same time.
  func checkOwnership(of exchanges: [(pending: PendingExchange, winner: Store.Receipt?)]) throws {
    for (account, part) in Dictionary(grouping: exchanges, by: { ExactText($0.pending.accountID) }) {
      let names = part.map { ExactText($0.winner?.conversationID ?? $0.pending.conversationID) }
      let owners: [ExactText: ConversationOwner] = try owners(of: Set(names).map(\.text), account: account.text)
      for ((pending, _), name) in zip(part, names) where owners[name]?.admits(pending.exchange) == false {
        throw StoreError.outOfReach
      }
    }
  }

  private func owners(of conversations: [String], account: String) throws -> [ExactText: ConversationOwner] {
    var owners: [ExactText: ConversationOwner] = [:]
    for start in stride(from: 0, to: conversations.count, by: 100) {
      let ids = Array(conversations[start..<min(start + 100, conversations.count)])
      try forEachRow(
        """
        SELECT id, app_id, user_id
        FROM conversations
        WHERE account_id = \(account) AND id IN (\(list: ids))
        """
      ) { row in
        owners[ExactText(row.text(0))] = ConversationOwner(app: ExactText(row.text(1)), user: ExactText(row.text(2)))
        return true
      }
    }
    return owners
  }
}

/// Whose a conversation is.
struct ConversationOwner {
  let app: ExactText
  let user: ExactText

  func admits(_ exchange: NewExchange) -> Bool {
    (!exchange.ownership.contains(.app) || app == ExactText(exchange.appID))
      && (!exchange.ownership.contains(.user) || user == ExactText(exchange.userID))
  }
}

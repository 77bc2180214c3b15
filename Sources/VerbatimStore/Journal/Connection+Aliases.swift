import Databases
import VerbatimModel

/// Receipts that were given before it was known that another exchange holds their key: they lead to that one.
extension Connection {
  /// Notes an alias for each exchange whose receipt names another.
  func insertAliases(from batch: [PendingExchange], to receipts: [Store.Receipt]) throws {
    let aliases: [(pending: PendingExchange, receipt: Store.Receipt)] = zip(batch, receipts)
      .filter { $0.id != $1.exchangeID }
      .sorted { ($0.0.accountID, $0.0.id) < ($1.0.accountID, $1.0.id) }
    guard !aliases.isEmpty else { return }
    try insert(.aliases, rows: aliases.count) { row, binds in
      let (pending, receipt) = aliases[row]
      binds.text(pending.accountID)
      binds.id(pending.id)
      binds.text(pending.conversationID)
      binds.id(receipt.exchangeID)
      binds.text(receipt.conversationID)
      binds.integer(pending.recordedAt)
    }
  }

  /// The exchange that a receipt leads to; nil where it is the receipt's own.
  func exchange(aliasedBy id: UUIDv7, account: String) throws -> UUIDv7? {
    try first(
      """
      SELECT exchange_id
      FROM verbatim_exchange_aliases
      WHERE account_id = \(account) AND id = \(id)
      """
    ) { try $0.uuid(0) }
  }

  /// The conversation that a receipt's leads to, where that was never made.
  func conversation(aliasedBy id: String, account: String) throws -> String? {
    try first(
      """
      SELECT first_conversation_id
      FROM verbatim_exchange_aliases
      WHERE account_id = \(account) AND conversation_id = \(id)
      LIMIT 1
      """
    ) { $0.text(0) }
  }
}

extension BulkInsert {
  fileprivate static let aliases = BulkInsert(
    into: "verbatim_exchange_aliases",
    [
      .init("account_id", .text), .init("id", .id), .init("conversation_id", .text), .init("exchange_id", .id),
      .init("first_conversation_id", .text), .init("created_at", .integer),
    ],
    onConflict: .keep(key: ["account_id", "id"]))
}

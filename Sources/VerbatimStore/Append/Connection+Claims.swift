import Databases
import VerbatimModel

/// Claims the keys of a batch; for each exchange that lost one of its keys, the receipt of the one that has it. What the
/// loser won meanwhile leads there from then on.
extension Connection {
  /// A row at a time, for an engine that tells which rows met others.
  func claimInTurn(_ batch: [PendingExchange]) throws -> [Store.Receipt?] {
    let claims: [(index: Int, claim: PendingExchange.Claim)] = batch.enumerated().flatMap { index, pending in
      pending.claims.map { (index, $0) }
    }
    var winners: [Store.Receipt?] = Array(repeating: nil, count: batch.count)
    var lost: [(index: Int, claim: PendingExchange.Claim)] = []
    try insert(
      .messageKeys, rows: claims.count,
      bind: { row, binds in
        let (index, claim) = claims[row]
        let pending: PendingExchange = batch[index]
        binds.text(pending.accountID)
        binds.text(claim.scope)
        binds.text(claim.key)
        binds.id(pending.id)
        binds.text(pending.conversationID)
        binds.integer(Int64(pending.day.number))
      },
      conflicted: { row in lost.append(claims[row]) })
    for (index, claim) in lost where winners[index] == nil {
      winners[index] = try concede(batch[index], to: claim)
    }
    return winners
  }

  /// The receipt of the exchange that holds a key; nil where that is the exchange itself, written before.
  private func concede(_ loser: PendingExchange, to claim: PendingExchange.Claim) throws -> Store.Receipt? {
    let holder: BatchClaims.Holder? = try first(
      """
      SELECT conversation_id, exchange_id, day
      FROM verbatim_message_keys
      WHERE account_id = \(loser.accountID) AND scope = \(claim.scope) AND "key" = \(claim.key)
      """
    ) { row in
      BatchClaims.Holder(conversationID: row.text(0), exchangeID: try row.uuid(1), day: row.integer(2))
    }
    guard let holder, holder.exchangeID != loser.id else { return nil }
    for won in loser.claims where loser.claims.count > 1 {
      let key = BatchClaims.Key(
        accountID: ExactText(loser.accountID), scope: ExactText(won.scope), key: ExactText(won.key))
      try move(key, of: loser.id, to: holder)
    }
    return Store.Receipt(conversationID: holder.conversationID, exchangeID: holder.exchangeID, isDuplicate: true)
  }

  /// All at once; where some were taken, whose they are is asked afterwards. Whoever took them first has committed by
  /// then, since the insert waits for that.
  func claimAtOnce(_ batch: [PendingExchange]) throws -> [Store.Receipt?] {
    var claims = BatchClaims(batch)
    let keys: [BatchClaims.Key] = claims.keys
    let won: Int = try insert(.messageKeys, rows: keys.count) { [claims] row, binds in
      let holder: BatchClaims.Holder? = claims.holder(of: keys[row])
      binds.text(keys[row].accountID.text)
      binds.text(keys[row].scope.text)
      binds.text(keys[row].key.text)
      if let holder { binds.id(holder.exchangeID) } else { binds.null() }
      binds.text(holder?.conversationID)
      binds.integer(holder?.day)
    }
    if won < keys.count { try findHolders(&claims) }
    let (winners, moved) = claims.settle()
    for key in moved {
      if let holder = claims.holder(of: key) { try move(key, of: nil, to: holder) }
    }
    return winners
  }

  private func findHolders(_ claims: inout BatchClaims) throws {
    let piece = 50
    for start in stride(from: 0, to: claims.keys.count, by: piece) {
      var condition: SQL = "1 = 0"
      for key in claims.keys[start..<min(start + piece, claims.keys.count)] {
        condition = """
          \(condition)
          OR (account_id = \(key.accountID.text) AND scope = \(key.scope.text) AND "key" = \(key.key.text))
          """
      }
      let found: [(BatchClaims.Key, BatchClaims.Holder)] = try query(
        """
        SELECT account_id, scope, "key", conversation_id, exchange_id, day
        FROM verbatim_message_keys
        WHERE \(condition)
        """
      ) { row in
        (
          BatchClaims.Key(
            accountID: ExactText(row.text(0)), scope: ExactText(row.text(1)), key: ExactText(row.text(2))),
          BatchClaims.Holder(conversationID: row.text(3), exchangeID: try row.uuid(4), day: row.integer(5))
        )
      }
      for (key, holder) in found { claims.found(holder, for: key) }
    }
  }

  /// `owner`: who must have it now, if that is to be asked.
  private func move(_ key: BatchClaims.Key, of owner: UUIDv7?, to holder: BatchClaims.Holder) throws {
    let condition: SQL = owner.map { "AND exchange_id = \($0)" } ?? ""
    try execute(
      """
      UPDATE verbatim_message_keys
      SET exchange_id = \(holder.exchangeID), conversation_id = \(holder.conversationID), day = \(holder.day)
      WHERE account_id = \(key.accountID.text) AND scope = \(key.scope.text) AND "key" = \(key.key.text)
        \(condition)
      """)
  }
}

extension BulkInsert {
  fileprivate static let messageKeys = BulkInsert(
    into: "verbatim_message_keys",
    [
      .init("account_id", .text), .init("scope", .text), .init("key", .text), .init("exchange_id", .id),
      .init("conversation_id", .text), .init("day", .integer),
    ],
    onConflict: .keep(key: ["account_id", "scope", "key"]))
}

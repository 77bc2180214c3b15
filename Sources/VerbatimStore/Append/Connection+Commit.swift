import Databases
import VerbatimModel

/// One batch as one transaction, for an engine with a single writer (SQLite).
///
/// Keys are claimed first; exchanges that lost are answered with the winner's ids, and only the rest is written and
/// counted. Counters are summed over the batch, so each is moved once.
extension Connection {
  func commit(_ batch: [PendingExchange]) throws -> [Store.Receipt] {
    try transaction {
      let winners: [Store.Receipt?] = try claim(batch)
      let fresh: [PendingExchange] = zip(batch, winners).compactMap { $1 == nil ? $0 : nil }
      try insertMessages(of: fresh)
      try insertFailures(fresh.filter(\.isFailure))
      try insertAttachments(of: fresh)
      try insertResponseIDs(of: fresh)
      try count(BatchCounters(fresh))
      return zip(batch, winners).map { pending, winner in
        winner
          ?? Store.Receipt(conversationID: pending.conversationID, exchangeID: pending.id, isDuplicate: false)
      }
    }
  }

  /// Claims the keys of a batch; for each exchange that lost one of its keys, the receipt of the one that has it.
  private func claim(_ batch: [PendingExchange]) throws -> [Store.Receipt?] {
    let claims: [(index: Int, claim: PendingExchange.Claim)] = batch.enumerated().flatMap { index, pending in
      pending.claims.map { (index, $0) }
    }
    var winners: [Store.Receipt?] = Array(repeating: nil, count: batch.count)
    var lost: [(index: Int, claim: PendingExchange.Claim)] = []
    try executeEach(
      """
      INSERT INTO verbatim_message_keys (account_id, scope, key, exchange_id, conversation_id, day)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (account_id, scope, key) DO NOTHING
      """,
      rows: claims.count,
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
      applied: { row, isApplied in
        if !isApplied { lost.append(claims[row]) }
      })
    for (index, claim) in lost where winners[index] == nil {
      winners[index] = try concede(batch[index], to: claim)
    }
    return winners
  }

  /// The receipt of the exchange that holds a key. What the loser won meanwhile leads there from now on.
  private func concede(_ loser: PendingExchange, to claim: PendingExchange.Claim) throws -> Store.Receipt? {
    let holder: (receipt: Store.Receipt, day: Int64)? = try first(
      """
      SELECT conversation_id, exchange_id, day
      FROM verbatim_message_keys
      WHERE account_id = \(loser.accountID) AND scope = \(claim.scope) AND key = \(claim.key)
      """
    ) { row in
      (Store.Receipt(conversationID: row.text(0), exchangeID: try row.uuid(1), isDuplicate: true), row.integer(2))
    }
    guard let holder else { return nil }
    for won in loser.claims where loser.claims.count > 1 {
      try execute(
        """
        UPDATE verbatim_message_keys
        SET exchange_id = \(holder.receipt.exchangeID), conversation_id = \(holder.receipt.conversationID),
          day = \(holder.day)
        WHERE account_id = \(loser.accountID) AND scope = \(won.scope) AND key = \(won.key)
          AND exchange_id = \(loser.id)
        """)
    }
    return holder.receipt
  }

  private func insertMessages(of batch: [PendingExchange]) throws {
    let rows: [MessageRow] = batch.flatMap(MessageRow.rows)
    try executeEach(
      """
      INSERT INTO conversation_histories (\(HistoryColumns.all))
      VALUES (\(HistoryColumns.placeholders))
      """,
      rows: rows.count,
      bind: { index, binds in rows[index].bind(to: binds) })
  }

  private func insertFailures(_ failures: [PendingExchange]) throws {
    guard !failures.isEmpty else { return }
    try executeEach(
      """
      INSERT INTO error_conversation_histories (\(HistoryColumns.all), error_code, error_message)
      VALUES (\(HistoryColumns.placeholders), ?, ?)
      """,
      rows: failures.count,
      bind: { index, binds in
        MessageRow.failure(failures[index]).bind(to: binds)
        binds.text(failures[index].exchange.failure?.code)
        binds.text(failures[index].exchange.failure?.message)
      })
  }

  private func insertAttachments(of batch: [PendingExchange]) throws {
    let rows: [(pending: PendingExchange, index: Int)] = batch.flatMap { pending in
      pending.exchange.attachments.indices.map { (pending, $0) }
    }
    guard !rows.isEmpty else { return }
    try executeEach(
      """
      INSERT INTO message_files (
        id, account_id, conversation_id, exchange_id, day, type, transfer_method, url, belongs_to, upload_file_id,
        file_name, file_size, mime_type, metadata, created_by_role, created_by, created_at
      )
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      rows: rows.count,
      bind: { row, binds in
        let (pending, index) = rows[row]
        let attachment: Attachment = pending.exchange.attachments[index]
        binds.id(pending.attachmentID(index))
        binds.text(pending.accountID)
        binds.text(pending.conversationID)
        binds.id(pending.id)
        binds.integer(Int64(pending.day.number))
        binds.text(attachment.kind.rawValue)
        binds.text(attachment.transferMethod.rawValue)
        binds.text(attachment.url)
        binds.text(attachment.belongsTo.rawValue)
        binds.text(attachment.uploadFileID)
        binds.text(attachment.fileName)
        binds.integer(attachment.fileSize)
        binds.text(attachment.mimeType)
        binds.text(bytes: attachment.metadata)
        binds.text("end_user")
        binds.text(pending.exchange.userID)
        binds.integer(pending.createdAt)
      })
  }

  private func insertResponseIDs(of batch: [PendingExchange]) throws {
    let rows: [PendingExchange] = batch.filter { $0.exchange.responseID != nil }
    guard !rows.isEmpty else { return }
    try executeEach(
      "INSERT INTO verbatim_response_ids (account_id, response_id, exchange_id) VALUES (?, ?, ?)",
      rows: rows.count,
      bind: { index, binds in
        binds.text(rows[index].accountID)
        binds.text(rows[index].exchange.responseID)
        binds.id(rows[index].id)
      })
  }
}

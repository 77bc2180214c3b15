import Databases
import VerbatimModel

/// One batch as one transaction.
///
/// Keys are claimed first; exchanges that lost are answered with the winner's ids, and only the rest is written and
/// counted. Counters are summed over the batch, so each is moved once; those that all writers share are moved last, so
/// that their rows are locked shortest, and every table's rows in the order of their keys, so that two writers never
/// wait for each other.
extension Connection {
  /// `mayBeStored`: an attempt to write these exchanges ended without an answer; those that are there are not written
  /// again, and their receipts are the same. `alongside`: what else is to be written in the same transaction. Fails as
  /// `missingTable` when a day's table was dropped meanwhile; the next attempt makes it again.
  func commit(
    _ batch: [PendingExchange], to tables: DayTables, mayBeStored: Bool = false, alongside: () throws -> Void = {}
  ) throws -> [Store.Receipt] {
    try prepare(tables, for: batch)
    do {
      return try write(batch, to: tables, mayBeStored: mayBeStored, alongside: alongside)
    } catch let error as DatabaseError where error.kind == .missingTable {
      tables.forget(batch)
      throw error
    }
  }

  private func write(
    _ batch: [PendingExchange], to tables: DayTables, mayBeStored: Bool, alongside: () throws -> Void
  ) throws -> [Store.Receipt] {
    let dialect: Dialect = try dialect()
    return try transaction {
      let winners: [Store.Receipt?] = try dialect.reportsConflicts ? claimInTurn(batch) : claimAtOnce(batch)
      var fresh: [PendingExchange] = zip(batch, winners).compactMap { $1 == nil ? $0 : nil }
      if mayBeStored { fresh = try missing(fresh) }
      if !fresh.isEmpty {
        let number: Int64 = try enterBatch(fresh.map(FeedExchange.init), at: tables.now)
        try insertRows(of: fresh, in: tables, batch: number)
      }
      try count(BatchCounters(fresh), sorted: dialect.isServer)
      try checkOwnership(of: zip(batch, winners).filter { !$0.0.exchange.ownership.isEmpty })
      try alongside()
      return zip(batch, winners).map { pending, winner in winner ?? pending.receipt }
    }
  }

  private func insertRows(
    of batch: [PendingExchange], in tables: DayTables, batch number: Int64
  ) throws(DatabaseError) {
    for (partition, part) in tables.parts(of: batch) {
      try insertMessages(of: part, into: partition, batch: number)
      try insertFailures(part.filter(\.isFailure), into: partition, batch: number)
    }
    try insertAttachments(of: batch)
    try insertResponseIDs(of: batch)
    try insertHeads(of: batch)
  }

  private func insertMessages(
    of batch: [PendingExchange], into partition: Partition, batch number: Int64
  ) throws(DatabaseError) {
    let rows: [MessageRow] = batch.flatMap { MessageRow.rows(of: $0, batch: number) }
    try insert(partition.messages, rows: rows.count) { index, binds in rows[index].bind(to: binds) }
  }

  private func insertFailures(
    _ failures: [PendingExchange], into partition: Partition, batch number: Int64
  ) throws(DatabaseError) {
    try insert(partition.failures, rows: failures.count) { index, binds in
      MessageRow.failure(failures[index], batch: number).bind(to: binds)
      binds.text(failures[index].exchange.failure?.code)
      binds.text(failures[index].stored.failure?.message)
    }
  }

  private func insertAttachments(of batch: [PendingExchange]) throws(DatabaseError) {
    let rows: [(pending: PendingExchange, index: Int)] = batch.flatMap { pending in
      pending.exchange.attachments.indices.map { (pending, $0) }
    }
    try insert(.attachments, rows: rows.count) { row, binds in
      let (pending, index) = rows[row]
      let attachment: Attachment = pending.stored.attachments[index]
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
    }
  }

  /// `mayBeThere`: some may be left of a day that was dropped.
  func insertResponseIDs(of batch: [PendingExchange], mayBeThere: Bool = false) throws(DatabaseError) {
    let rows: [PendingExchange] = batch.filter { $0.exchange.responseID != nil }
    try insert(mayBeThere ? .missingResponseIDs : .responseIDs, rows: rows.count) { index, binds in
      binds.text(rows[index].accountID)
      binds.text(rows[index].exchange.responseID)
      binds.id(rows[index].id)
    }
  }

  /// Those of a batch that no table holds: neither the day's own nor the single ones, for an earlier attempt may have
  /// been made under the other setting.
  func missing(_ batch: [PendingExchange]) throws -> [PendingExchange] {
    var stored: Set<UUIDv7> = []
    for (day, part) in Dictionary(grouping: batch, by: \.day) {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      for table in place.messageTables { try findStored(part.filter { !$0.isFailure }, in: table, &stored) }
      for table in place.errorTables { try findStored(part.filter(\.isFailure), in: table, &stored) }
    }
    return batch.filter { !stored.contains($0.id) }
  }

  private func findStored(_ batch: [PendingExchange], in table: String, _ stored: inout Set<UUIDv7>) throws {
    for start in stride(from: 0, to: batch.count, by: 100) {
      let ids: [UUIDv7] = batch[start..<min(start + 100, batch.count)].map(\.id)
      stored.formUnion(
        try query("SELECT id FROM \(identifier: table) WHERE id IN (\(list: ids))") { try $0.uuid(0) })
    }
  }
}

extension PendingExchange {
  /// What its caller is answered when it was written.
  var receipt: Store.Receipt {
    Store.Receipt(conversationID: conversationID, exchangeID: id, isDuplicate: false)
  }
}

extension BulkInsert {
  fileprivate static let attachments = BulkInsert(
    into: "message_files",
    [
      .init("id", .id), .init("account_id", .text), .init("conversation_id", .text), .init("exchange_id", .id),
      .init("day", .integer), .init("type", .text), .init("transfer_method", .text), .init("url", .text),
      .init("belongs_to", .text), .init("upload_file_id", .text), .init("file_name", .text),
      .init("file_size", .integer), .init("mime_type", .text), .init("metadata", .text),
      .init("created_by_role", .text), .init("created_by", .text), .init("created_at", .integer),
    ])

  fileprivate static let responseIDs = BulkInsert(
    into: "verbatim_response_ids",
    [.init("account_id", .text), .init("response_id", .text), .init("exchange_id", .id)])

  fileprivate static let missingResponseIDs = BulkInsert(
    into: responseIDs.table, responseIDs.columns, onConflict: .keep(key: responseIDs.columns.map(\.name)))
}

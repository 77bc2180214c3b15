import Databases
import VerbatimModel

/// The journal's own tables. Its keys stand in a table of the history's name and form, so that they are claimed alike.
extension Connection {
  func prepareJournal() throws {
    try executeScript(
      """
      CREATE TABLE IF NOT EXISTS journal_entries (
        number       INTEGER NOT NULL PRIMARY KEY,
        exchange_id  BLOB    NOT NULL,
        is_set_aside INTEGER NOT NULL DEFAULT 0,
        reason       TEXT,
        entry        BLOB    NOT NULL
      );
      CREATE INDEX IF NOT EXISTS journal_entries_waiting ON journal_entries (is_set_aside, number);
      CREATE INDEX IF NOT EXISTS journal_entries_exchange ON journal_entries (exchange_id);
      CREATE TABLE IF NOT EXISTS verbatim_message_keys (
        account_id      TEXT    NOT NULL,
        scope           TEXT    NOT NULL,
        key             TEXT    NOT NULL,
        exchange_id     BLOB    NOT NULL,
        conversation_id TEXT    NOT NULL,
        day             INTEGER NOT NULL,
        PRIMARY KEY (account_id, scope, key)
      ) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS verbatim_message_keys_exchange ON verbatim_message_keys (exchange_id);
      """)
    // What was set aside may go in today: a schema was mended, a limit raised.
    try execute("UPDATE journal_entries SET is_set_aside = 0, reason = NULL WHERE is_set_aside = 1")
  }

  func journalContents() throws -> JournalContents {
    try first("SELECT count(*), coalesce(sum(length(entry)), 0) FROM journal_entries") { row in
      JournalContents(waiting: Int(row.integer(0)), bytes: Int(row.integer(1)))
    } ?? JournalContents()
  }

  /// Writes a batch; who repeats a key that waits here is answered with the first's receipt, or with
  /// `StoreError.outOfReach` where that is somebody else's. Throws a `full` error when `room` bytes do not take it. Gives
  /// what was added, too.
  func enter(_ batch: [PendingExchange], room: Int) throws -> (receipts: [Store.Receipt], added: JournalContents) {
    try transaction {
      let winners: [Store.Receipt?] = try claimInTurn(batch)
      let fresh: [PendingExchange] = zip(batch, winners).compactMap { $1 == nil ? $0 : nil }
      let entries: [[UInt8]] = fresh.map { $0.journalEntry() }
      let bytes: Int = entries.reduce(0) { $0 + $1.count }
      guard bytes <= room else { throw DatabaseError.journalFull }
      try insert(.journalEntries, rows: entries.count) { row, binds in
        binds.id(fresh[row].id)
        binds.blob(entries[row][...])
      }
      for (pending, winner) in zip(batch, winners) where !pending.exchange.ownership.isEmpty {
        if let winner { try checkOwnership(of: pending, repeating: winner.exchangeID) }
      }
      let receipts: [Store.Receipt] = zip(batch, winners).map { pending, winner in
        var receipt: Store.Receipt = winner ?? pending.receipt
        receipt.isJournaled = true
        return receipt
      }
      return (receipts, JournalContents(waiting: entries.count, bytes: bytes))
    }
  }

  private func checkOwnership(of repeated: PendingExchange, repeating first: UUIDv7) throws {
    let entry: Bytes? = try self.first("SELECT entry FROM journal_entries WHERE exchange_id = \(first)") { $0.bytes(0) }
      .flatMap(\.self)
    guard let entry else { return }
    let owner = try PendingExchange.owner(ofJournalEntry: entry)
    guard owner.admits(repeated.exchange) else { throw StoreError.outOfReach }
  }

  /// The first entries that wait, as many as one transaction takes.
  func waitingEntries(_ limits: AppendLimits) throws -> [JournalEntry] {
    var entries: [JournalEntry] = []
    var bytes = 0
    try forEachRow(
      """
      SELECT number, entry
      FROM journal_entries
      WHERE is_set_aside = 0
      ORDER BY number
      LIMIT \(limits.batchCount)
      """
    ) { row in
      let entry = JournalEntry(number: row.integer(0), bytes: row.bytes(1) ?? [])
      bytes += entry.bytes.count
      guard entries.isEmpty || bytes <= limits.batchBytes else { return false }
      entries.append(entry)
      return true
    }
    return entries
  }

  func removeEntries(_ numbers: [Int64]) throws {
    try transaction {
      for number in numbers {
        try execute(
          """
          DELETE FROM verbatim_message_keys
          WHERE exchange_id = (SELECT exchange_id FROM journal_entries WHERE number = \(number))
          """)
        try execute("DELETE FROM journal_entries WHERE number = \(number)")
      }
    }
  }

  func setAsideEntry(_ number: Int64, reason: String) throws {
    try execute("UPDATE journal_entries SET is_set_aside = 1, reason = \(reason) WHERE number = \(number)")
  }
}

extension DatabaseError {
  fileprivate static let journalFull = DatabaseError(
    kind: .full, code: 0, message: "the journal holds as much as JOURNAL_MAX_MB allows")
}

extension BulkInsert {
  fileprivate static let journalEntries = BulkInsert(
    into: "journal_entries", [.init("exchange_id", .id), .init("entry", .blob)])
}

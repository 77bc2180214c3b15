import Databases
import VerbatimModel

/// Writes and reads entries of the feed.
extension Connection {
  /// Enters what the open transaction commits, and answers its number. Fails as a conflict where whoever follows the
  /// feed took the number for given up: the next attempt gets another.
  func enterBatch(_ exchanges: [FeedExchange], at time: Int64) throws -> Int64 {
    let list: SQLValue = .blob(FeedExchangeList.encode(exchanges))
    let returnsNumber: Bool = try dialect().returnsInserted
    let returning: SQL = returnsNumber ? "\nRETURNING seq" : ""
    var numbers: [Int64]
    do {
      numbers = try query(
        """
        INSERT INTO verbatim_batches (committed_at, exchanges)
        VALUES (\(time), \(list))\(returning)
        """
      ) { $0.integer(0) }
    } catch let error as DatabaseError where error.kind == .constraint {
      throw DatabaseError(kind: .conflict, code: error.code, message: error.message, sql: error.sql)
    }
    if !returnsNumber { numbers = try query("SELECT last_insert_id()") { $0.integer(0) } }
    guard let number = numbers.first else { throw StoreError.unusable("verbatim_batches gives no numbers") }
    return number
  }

  /// Takes numbers that nobody holds, so that nobody ever will; whoever holds one is waited for.
  func closeNumbers(_ numbers: Range<Int64>) throws {
    _ = try dialect().schema.hastily(on: self) {
      try insert(.closedNumbers, rows: numbers.count) { row, binds in
        binds.integer(numbers.lowerBound + Int64(row))
        binds.integer(0)
        binds.blob([])
      }
    }
  }

  /// Up to this number entries were deleted.
  func feedFloor() throws -> Int64 { try number(of: .feedFloor) }

  func number(of setting: StoredSetting) throws -> Int64 { try self.setting(setting).flatMap { Int64($0) } ?? 0 }

  func newestBatch() throws -> Int64? {
    try first("SELECT max(seq) FROM verbatim_batches") { $0.optionalInteger(0) } ?? nil
  }

  func batchCount(after position: Int64, upTo last: Int64) throws -> Int64 {
    try first("SELECT count(*) FROM verbatim_batches WHERE seq > \(position) AND seq <= \(last)") { $0.integer(0) } ?? 0
  }

  /// The numbers that are there, in order.
  func batchNumbers(after position: Int64, limit: Int) throws -> [Int64] {
    try query("SELECT seq FROM verbatim_batches WHERE seq > \(position) ORDER BY seq LIMIT \(limit)") { $0.integer(0) }
  }

  /// Entries in order, whether or not there are numbers between them.
  func batches(after position: Int64, limit: Int) throws -> [FeedEntry] {
    try query(
      """
      SELECT seq, exchanges
      FROM verbatim_batches
      WHERE seq > \(position)
      ORDER BY seq
      LIMIT \(limit)
      """
    ) { FeedEntry(number: $0.integer(0), exchanges: try FeedExchangeList.decode($0.bytes(1) ?? [])) }
  }
}

extension Connection {
  /// Gives every history table the column that says in which batch an exchange was committed. After a way back and up
  /// again the numbers in it are those of a feed that is gone.
  func addBatchColumns() throws {
    for table in try Partition.wholeTables.sorted() + historyTables().sorted() {
      if try addBatchColumn(to: table) { continue }
      try execute("UPDATE \(identifier: table) SET batch = NULL WHERE batch IS NOT NULL")
    }
  }

  /// Answers whether it was not there.
  @discardableResult func addBatchColumn(to table: String) throws -> Bool {
    let columns: [String] = try query(dialect().schema.columns(of: table)) { $0.text(0) }
    if columns.contains("batch") { return false }
    try executeScript("ALTER TABLE \(table) ADD COLUMN batch BIGINT")
    return true
  }
}

extension BulkInsert {
  fileprivate static let closedNumbers = BulkInsert(
    into: "verbatim_batches", [.init("seq", .integer), .init("committed_at", .integer), .init("exchanges", .blob)],
    onConflict: .keep(key: ["seq"]))
}

import Databases
import VerbatimModel

/// Puts archived exchanges back: their rows as they were, and all that leads to them.
extension Connection {
  func restore(
    _ exchanges: [ArchivedExchange], _ layout: ArchiveLayout, _ tables: DayTables, areCounted: Bool
  ) throws -> Int {
    let known: [(ArchivedExchange, PendingExchange)] = exchanges.compactMap { exchange in
      layout.pending(exchange, calendar: tables.calendar).map { (exchange, $0) }
    }
    guard known.count == exchanges.count else {
      throw StoreError.rejected(field: "rows", reason: "hold no exchange")
    }
    try prepare(tables, for: known.map(\.1))
    do {
      return try transaction { try insert(known, layout, tables, areCounted: areCounted) }
    } catch let error as DatabaseError where error.kind == .missingTable {
      tables.forget(known.map(\.1))
      throw error
    }
  }

  private func insert(
    _ known: [(ArchivedExchange, PendingExchange)], _ layout: ArchiveLayout, _ tables: DayTables, areCounted: Bool
  ) throws -> Int {
    let dialect: Dialect = try dialect()
    let missing: Set<UUIDv7> = Set(try self.missing(known.map(\.1)).map(\.id))
    let fresh: [(archived: ArchivedExchange, pending: PendingExchange)] = known.filter { missing.contains($0.1.id) }
    let pending: [PendingExchange] = fresh.map(\.pending)
    // A key that somebody else holds stays theirs.
    _ = try dialect.reportsConflicts ? claimInTurn(pending) : claimAtOnce(pending)
    let number: Int64? = pending.isEmpty ? nil : try enterBatch(pending.map(FeedExchange.init), at: tables.now)
    for (day, part) in Dictionary(grouping: fresh, by: \.pending.day).sorted(by: { $0.key < $1.key }) {
      let partition: Partition = tables.partition(of: day)
      for isFailure in [false, true] {
        let name: String = isFailure ? partition.failures.table : partition.messages.table
        var rows: [[SQLValue]] = part.filter { $0.archived.isFailure == isFailure }.flatMap(\.archived.rows)
        // Where they were recorded in this history, they keep the place that they had in the order of commits.
        if !areCounted { layout.table(isFailure).setBatch(number, of: &rows) }
        try insert(rows, into: name, layout.table(isFailure).columns)
      }
    }
    try insert(fresh.flatMap(\.archived.files), into: layout.files.name, layout.files.columns)
    try insertResponseIDs(of: pending, mayBeThere: true)
    try count(BatchCounters(pending), sorted: dialect.isServer, onlyPlaces: areCounted)
    return fresh.count
  }

  private func insert(_ rows: [[SQLValue]], into table: String, _ columns: [BulkInsert.Column]) throws {
    guard !rows.isEmpty else { return }
    let bulk = BulkInsert(into: table, columns, onConflict: .keep(key: ["id"]))
    try insert(bulk, rows: rows.count) { row, binds in
      for (column, value) in zip(columns, rows[row]) { binds.bind(value, as: column.type) }
    }
  }
}

extension CopiedTable {
  /// Of the rows that carry an exchange.
  fileprivate func setBatch(_ number: Int64?, of rows: inout [[SQLValue]]) {
    func place(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }
    guard let batch = place("batch"), let id = place("id"), let exchange = place("exchange_id") else { return }
    for index in rows.indices where rows[index][id] == rows[index][exchange] {
      rows[index][batch] = number.map { .integer($0) } ?? .null
    }
  }
}

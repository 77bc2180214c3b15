import Databases
import VerbatimModel

/// Takes a day's exchanges out as they are, and back in.
extension Store {
  private static let rowsAtOnce = 1_000

  /// When this history was first started: it names the history, wherever it is copied.
  package func identity() async throws -> String {
    try await database.read { try $0.setting(.firstStartedAt) } ?? ""
  }

  package func archiveLayout() async throws -> ArchiveLayout {
    try await database.read { connection in
      guard let messages = try connection.copiedTable(Partition.whole.messages.table),
        let failures = try connection.copiedTable(Partition.whole.failures.table),
        let files = try connection.copiedTable("message_files")
      else { throw StoreError.unusable("the history has lost its tables") }
      return ArchiveLayout(messages: messages.withIDs, failures: failures.withIDs, files: files.withIDs)
    }
  }

  /// Hands all exchanges of a day to `body`, a page at a time, and answers what they hold.
  package func forEachExchange(
    of day: Day, _ layout: ArchiveLayout, _ body: ([ArchivedExchange]) async throws -> Void
  ) async throws -> Contents {
    let place: DayPlace = try await database.read { try $0.dayPlace(of: day) } ?? .unentered(day)
    var contents = Contents()
    for (table, isFailure) in place.messageTables.map({ ($0, false) }) + place.errorTables.map({ ($0, true) }) {
      var ids: Range<UUIDv7> = calendar.ids(of: day)
      while true {
        let part: Range<UUIDv7> = ids
        let page: [ArchivedExchange] = try await database.read { connection in
          try connection.snapshot {
            try connection.exchanges(in: table, isFailure: isFailure, part, layout, limit: Self.rowsAtOnce)
          }
        }
        guard let last = page.last?.lastID else { break }
        for exchange in page { contents = contents + layout.contents(exchange) }
        try await body(page)
        ids = last.adding(1)..<ids.upperBound
      }
    }
    return contents
  }

  /// Puts exchanges back, each once; answers how many were not there. `areCounted`: statistics and the counters of
  /// conversations have them already, for they were recorded in this history.
  package func restore(
    _ exchanges: [ArchivedExchange], _ layout: ArchiveLayout, areCounted: Bool
  ) async throws -> Int {
    let tables: DayTables = dayTables
    return try await writing { try $0.restore(exchanges, layout, tables, areCounted: areCounted) }
  }
}

extension CopiedTable {
  /// With ids told from other blobs, also where the engine has no type for them.
  fileprivate var withIDs: CopiedTable {
    let ids: Set<String> = ["id", "exchange_id", "parent_id"]
    let columns: [BulkInsert.Column] = columns.map { ids.contains($0.name) ? .init($0.name, .id) : $0 }
    return CopiedTable(name: name, columns: columns, key: ["id"])
  }
}

extension ArchivedExchange {
  fileprivate var lastID: UUIDv7? {
    guard case .id(let high, let low)? = rows.last?.first else { return nil }
    return UUIDv7(high: high, low: low)
  }
}

extension Connection {
  /// The first exchanges of some ids: whole ones, about as many as have `limit` rows.
  fileprivate func exchanges(
    in table: String, isFailure: Bool, _ ids: Range<UUIDv7>, _ layout: ArchiveLayout, limit: Int
  ) throws -> [ArchivedExchange] {
    let columns: CopiedTable = layout.table(isFailure)
    guard let place = columns.columns.firstIndex(where: { $0.name == "exchange_id" }) else { return [] }
    var exchanges: [ArchivedExchange] = []
    var current: SQLValue = .null
    var count = 0
    var row = CopiedRow()
    try forEachRow(
      """
      SELECT \(unsafeSQL: columns.columns.map { "\"\($0.name)\"" }.joined(separator: ", "))
      FROM \(identifier: table)
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      ORDER BY id
      LIMIT \(limit)
      """
    ) { found in
      try row.read(found, of: columns)
      if row.values[place] != current {
        current = row.values[place]
        exchanges.append(ArchivedExchange(isFailure: isFailure, rows: []))
      }
      exchanges[exchanges.count - 1].rows.append(row.values)
      count += 1
      return true
    }
    if count == limit {
      // The last may go on.
      guard exchanges.count > 1 else {
        return try self.exchanges(in: table, isFailure: isFailure, ids, layout, limit: limit * 16)
      }
      exchanges.removeLast()
    }
    try addFiles(to: &exchanges, place, layout)
    return exchanges
  }

  private func addFiles(to exchanges: inout [ArchivedExchange], _ place: Int, _ layout: ArchiveLayout) throws {
    let columns: [BulkInsert.Column] = layout.files.columns
    guard let own = columns.firstIndex(where: { $0.name == "exchange_id" }) else { return }
    var places: [UUIDv7: Int] = [:]
    for (index, exchange) in exchanges.enumerated() {
      if case .id(let high, let low)? = exchange.rows.first?[place] { places[UUIDv7(high: high, low: low)] = index }
    }
    let ids = Array(places.keys)
    var row = CopiedRow()
    for start in stride(from: 0, to: ids.count, by: 200) {
      try forEachRow(
        """
        SELECT \(unsafeSQL: columns.map { "\"\($0.name)\"" }.joined(separator: ", "))
        FROM message_files
        WHERE exchange_id IN (\(list: Array(ids[start..<min(start + 200, ids.count)])))
        ORDER BY exchange_id, id
        """
      ) { found in
        try row.read(found, of: layout.files)
        if case .id(let high, let low) = row.values[own], let index = places[UUIDv7(high: high, low: low)] {
          exchanges[index].files.append(row.values)
        }
        return true
      }
    }
  }
}

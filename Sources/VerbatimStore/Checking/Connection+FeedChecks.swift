import Databases
import VerbatimModel

/// Compares the feed with the rows: each exchange that names its batch is in that batch's entry, and what an entry names
/// is there unless its day was dropped or something was purged of it.
extension Connection {
  private static let entriesAtOnce = 200
  private static let idsAtOnce = 500

  func checkFeed(_ map: HistoryMap) throws -> [String] {
    let floor: Int64 = try feedFloor()
    var findings: [String] = []
    var namedCount: Int64 = 0
    var position: Int64 = floor
    while findings.count < Check.limit {
      let entries: [FeedEntry] = try batches(after: position, limit: Self.entriesAtOnce)
      guard let last = entries.last else { break }
      position = last.number
      for (day, named) in Dictionary(grouping: entries.flatMap(\.named), by: \.exchange.day) {
        let batches: [UUIDv7: Int64?] = try self.batches(of: named.map(\.exchange.id), on: day, map)
        for (exchange, number) in named {
          switch batches[exchange.id] {
          case .some(let batch): if batch == number { namedCount += 1 }
          case .none where !map.unaccountedDays.contains(day):
            findings.append("feed: entry \(number) names exchange \(exchange.id), which is not there")
          case .none: break
          }
        }
      }
    }
    let count: Int64 = try countBatched(after: floor, map)
    if count != namedCount, findings.isEmpty {
      findings.append("feed: \(count) exchanges say which batch they came with, the entries name \(namedCount) of them")
    }
    return Array(findings.prefix(Check.limit))
  }

  /// Which batch each of some exchanges says it came with; absent where there is no such exchange.
  private func batches(of ids: [UUIDv7], on day: Day, _ map: HistoryMap) throws -> [UUIDv7: Int64?] {
    let tables = map.tables(of: map.calendar.ids(of: day))
    var batches: [UUIDv7: Int64?] = [:]
    for table in tables.messages + tables.failures {
      for start in stride(from: 0, to: ids.count, by: Self.idsAtOnce) {
        let some = Array(ids[start..<min(start + Self.idsAtOnce, ids.count)])
        try forEachRow("SELECT id, batch FROM \(identifier: table) WHERE id IN (\(list: some))") { row in
          batches.updateValue(row.optionalInteger(1), forKey: try row.uuid(0))
          return true
        }
      }
    }
    return batches
  }

  private func countBatched(after floor: Int64, _ map: HistoryMap) throws -> Int64 {
    try (map.messageTables + map.errorTables).reduce(0) { sum, table in
      try sum
        + (first("SELECT count(*) FROM \(identifier: table) WHERE batch > \(floor)") { $0.integer(0) } ?? 0)
    }
  }
}

extension FeedEntry {
  fileprivate var named: [(exchange: FeedExchange, number: Int64)] { exchanges.map { ($0, number) } }
}

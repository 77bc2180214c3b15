import Databases
import VerbatimModel

/// An exchange, and the entry of the feed that it is in.
struct CommittedExchange: Sendable {
  let entry: Int64
  let exchange: FeedExchange
}

/// Exchanges that are known by their ids.
extension Connection {
  private static let exchangesAtOnce = 25
  /// The rows of an exchange behind its own, at most.
  private static let mostChoices: UInt64 = 10_000

  /// The first of some exchanges, until they are as many as a page holds, and where the others begin; nil for none.
  /// Those are left out that are gone, do not belong to the selection, or say that they came with another entry.
  func exported(
    _ selection: ExportSelection, _ committed: [CommittedExchange], calendar: PartitionCalendar, keys: ContentKeys,
    absent: Set<String>
  ) throws -> (exchanges: [ExportedExchange], rest: ExportPlace?) {
    let reading = ExportReading(selection: selection, calendar: calendar, keys: keys, absent: absent)
    var found: [ExportedExchange] = []
    var (bytes, done, atOnce) = (0, 0, Self.exchangesAtOnce)
    while done < committed.count, bytes < ExportGatherer.pageBytes {
      // Looked up by their ids: one that two entries name is in two parts.
      var ids: Set<UUIDv7> = []
      let part = committed[done...].prefix(atOnce).prefix { ids.insert($0.exchange.id).inserted }
      guard let (exchanges, size) = try exported(part, reading) else {
        // More than memory is to hold at once.
        atOnce = 1
        continue
      }
      found += exchanges
      bytes += size
      done += part.count
    }
    let rest: ExportPlace? =
      done < committed.count ? .entry(committed[done - 1].entry, after: committed[done - 1].exchange.id) : nil
    return (try finished(found, selection.reach, keys, Lenders(calendar, keys, absent: absent)), rest)
  }

  /// With their size; nil where several are larger than a page.
  private func exported(
    _ part: ArraySlice<CommittedExchange>, _ reading: ExportReading
  ) throws -> (exchanges: [ExportedExchange], size: Int)? {
    let entries = Dictionary(uniqueKeysWithValues: part.map { ($0.exchange.id, $0.entry) })
    var found: [UUIDv7: ExportedExchange] = [:]
    var size = 0
    for (day, exchanges) in Dictionary(grouping: part.map(\.exchange), by: \.day) {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      for (tables, isFailure) in [(place.messageTables, false), (place.errorTables, true)] {
        for table in tables where !reading.absent.contains(table) {
          let ids: [UUIDv7] = exchanges.map(\.id)
          guard let gatherer = try gathered(ids, in: table, isFailure: isFailure, entries, reading) else { return nil }
          for exported in gatherer.exchanges { found[exported.exchange.id] = exported }
          size += gatherer.bytes
          if size >= ExportGatherer.pageBytes, part.count > 1 { return nil }
        }
      }
    }
    return (part.compactMap { found[$0.exchange.id] }, size)
  }

  /// nil where several are larger than a page.
  private func gathered(
    _ ids: [UUIDv7], in table: String, isFailure: Bool, _ entries: [UUIDv7: Int64], _ reading: ExportReading
  ) throws -> ExportGatherer? {
    var gatherer = ExportGatherer(reading.selection, keys: reading.keys, batches: entries)
    let own: [(id: UUIDv7, position: UInt64)] = try ownRows(of: ids, in: table, entries)
    guard !own.isEmpty else { return gatherer }
    // Nothing but alternatives that the key answers, or SQLite would look at all rows.
    var condition: SQL = ""
    for (number, (id, position)) in own.enumerated() {
      let range: SQL = "id >= \(id.subtracting(position)) AND id <= \(id.adding(Self.mostChoices))"
      condition = "\(condition)\(unsafeSQL: number == 0 ? "" : " OR ")(\(range) AND exchange_id = \(id))"
    }
    var isWhole = true
    try forEachRow(
      """
      SELECT \(unsafeSQL: ExportGatherer.columns(isFailure: isFailure))
      FROM \(identifier: table)
      WHERE (\(condition))\(reading.selection.ownCondition)
      ORDER BY id
      """
    ) { row in
      isWhole = try gatherer.add(row, isFailure: isFailure)
      return isWhole
    }
    return isWhole ? gatherer : nil
  }

  /// Those that came with their entry, and how many rows of theirs stand before their own.
  private func ownRows(
    of ids: [UUIDv7], in table: String, _ entries: [UUIDv7: Int64]
  ) throws -> [(id: UUIDv7, position: UInt64)] {
    try query(
      "SELECT id, position, batch FROM \(identifier: table) WHERE id IN (\(list: ids)) ORDER BY id"
    ) { row -> (id: UUIDv7, position: UInt64)? in
      let id: UUIDv7 = try row.uuid(0)
      return entries[id] == row.optionalInteger(2) ? (id, UInt64(clamping: row.integer(1))) : nil
    }.compactMap { $0 }
  }
}

/// How exchanges of the feed are read.
private struct ExportReading {
  let selection: ExportSelection
  let calendar: PartitionCalendar
  let keys: ContentKeys
  let absent: Set<String>
}

extension ExportSelection {
  fileprivate var ownCondition: SQL {
    var condition: SQL = reach.account.map(Self.belongs) ?? ""
    if let app { condition = "\(condition) AND app_id = \(app)" }
    if let user { condition = "\(condition) AND user_id = \(user)" }
    return condition
  }
}

import Databases
import VerbatimModel

/// Exchanges that are known by their ids.
extension Connection {
  private static let idsAtOnce = 200
  private static let rangesAtOnce = 25
  /// The rows of an exchange behind its own, at most.
  private static let mostChoices: UInt64 = 10_000

  /// Those of some exchanges that are there, belong to the selection, and say that they came with the batch that is
  /// named for them.
  func exported(
    _ selection: ExportSelection, _ days: [Day: [UUIDv7]], batches: [UUIDv7: Int64], calendar: PartitionCalendar,
    keys: ContentKeys, absent: Set<String>
  ) throws -> [ExportedExchange] {
    var found: [ExportedExchange] = []
    for (day, ids) in days.sorted(by: { $0.key < $1.key }) {
      let place: DayPlace = try dayPlace(of: day) ?? .unentered(day)
      for (tables, isFailure) in [(place.messageTables, false), (place.errorTables, true)] {
        for table in tables where !absent.contains(table) {
          for start in stride(from: 0, to: ids.count, by: Self.idsAtOnce) {
            let part = Array(ids[start..<min(start + Self.idsAtOnce, ids.count)])
            found += try exported(selection, part, in: table, isFailure: isFailure, batches, keys)
          }
        }
      }
    }
    return try finished(found, selection.reach, keys, Lenders(calendar, keys, absent: absent))
  }

  private func exported(
    _ selection: ExportSelection, _ ids: [UUIDv7], in table: String, isFailure: Bool, _ batches: [UUIDv7: Int64],
    _ keys: ContentKeys
  ) throws -> [ExportedExchange] {
    let own: [(id: UUIDv7, position: UInt64)] = try query(
      "SELECT id, position, batch FROM \(identifier: table) WHERE id IN (\(list: ids)) ORDER BY id"
    ) { row -> (id: UUIDv7, position: UInt64)? in
      let id: UUIDv7 = try row.uuid(0)
      return batches[id] == row.optionalInteger(2) ? (id, UInt64(clamping: row.integer(1))) : nil
    }.compactMap { $0 }
    var exchanges: [ExportedExchange] = []
    for start in stride(from: 0, to: own.count, by: Self.rangesAtOnce) {
      // Nothing but alternatives that the key answers, or SQLite would look at all rows.
      var condition: SQL = ""
      for (number, (id, position)) in own[start..<min(start + Self.rangesAtOnce, own.count)].enumerated() {
        let range: SQL = "id >= \(id.subtracting(position)) AND id <= \(id.adding(Self.mostChoices))"
        condition = "\(condition)\(unsafeSQL: number == 0 ? "" : " OR ")(\(range) AND exchange_id = \(id))"
      }
      var gatherer = ExportGatherer(selection, keys: keys, batches: batches)
      try forEachRow(
        """
        SELECT \(unsafeSQL: ExportGatherer.columns(isFailure: isFailure))
        FROM \(identifier: table)
        WHERE (\(condition))\(selection.ownCondition)
        ORDER BY id
        """
      ) { row in try gatherer.add(row, isFailure: isFailure, isBounded: false) }
      exchanges += gatherer.exchanges
    }
    return exchanges
  }
}

extension ExportSelection {
  fileprivate var ownCondition: SQL {
    var condition: SQL = reach.account.map(Self.belongs) ?? ""
    if let app { condition = "\(condition) AND app_id = \(app)" }
    if let user { condition = "\(condition) AND user_id = \(user)" }
    return condition
  }
}

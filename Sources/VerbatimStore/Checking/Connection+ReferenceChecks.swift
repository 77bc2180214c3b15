import Databases
import VerbatimModel

/// Follows what refers to exchanges. What refers to a dropped day, or to a purge, is left to the sweep after it.
extension Connection {
  private static let referencesAtOnce = 20_000

  func checkReferences(_ map: HistoryMap) throws -> [String] {
    let unchecked: Set<Day> = map.droppedDays.union(map.unsweptDays)
    var findings: [String] = []
    for referrer in ExchangeReferrer.all {
      var cursor: [SQLValue]?
      var found: [String] = []
      repeat {
        let references: [ExchangeReference] = try references(of: referrer, behind: cursor, limit: Self.referencesAtOnce)
        let checked = references.filter { !unchecked.contains(map.calendar.day(of: $0.exchangeID.milliseconds)) }
        found += try missing(checked, map).map(referrer.finding)
        cursor = references.count == Self.referencesAtOnce ? references.last?.key : nil
      } while cursor != nil && found.count < Check.limit
      findings += found.prefix(Check.limit)
    }
    return findings
  }
}

import VerbatimModel

/// Tables that hold all rows of a range of ids between them.
struct HistorySpan {
  /// Which of the two histories.
  enum Kind { case messages, failures }

  let tables: [String]
  let ids: Range<UUIDv7>

  /// Oldest first. `places`: of the days that have tables of their own; whatever lies between them is in the single
  /// ones. `absent`: tables that were found to be gone.
  static func spans(
    _ kinds: [Kind], ids: Range<UUIDv7>, places: [DayPlace], absent: Set<String>, _ calendar: PartitionCalendar
  ) -> [HistorySpan] {
    var spans: [HistorySpan] = []
    var lower: UUIDv7 = ids.lowerBound
    func add(_ tables: [String], upTo upper: UUIDv7) {
      let upper: UUIDv7 = min(upper, ids.upperBound)
      guard lower < upper else { return }
      spans.append(HistorySpan(tables: tables, ids: lower..<upper))
      lower = upper
    }
    for place in places.sorted(by: { $0.day < $1.day }) {
      let own: [String] = kinds.flatMap { ownTables($0, place) }.filter { !absent.contains($0) }
      guard !own.isEmpty else { continue }
      let day: Range<UUIDv7> = calendar.ids(of: place.day)
      add(kinds.map(singleTable), upTo: day.lowerBound)
      add(kinds.map(singleTable) + own, upTo: day.upperBound)
    }
    add(kinds.map(singleTable), upTo: ids.upperBound)
    return spans
  }

  private static func singleTable(_ kind: Kind) -> String {
    switch kind {
    case .messages: Partition.whole.messages.table
    case .failures: Partition.whole.failures.table
    }
  }

  private static func ownTables(_ kind: Kind, _ place: DayPlace) -> [String] {
    switch kind {
    case .messages: place.hasMessageTable ? [Partition.messageTable(of: place.day)] : []
    case .failures: place.hasErrorTable ? [Partition.errorTable(of: place.day)] : []
    }
  }
}

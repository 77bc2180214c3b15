import Databases
import VerbatimModel

/// Which tables hold the rows of which days at the moment of a check, and which days have lost rows by dropping.
struct HistoryMap {
  let calendar: PartitionCalendar
  /// Days with tables of their own, without those tables that are gone.
  let places: [DayPlace]
  /// Days of which a table was dropped, whether that is entered or not.
  let droppedDays: Set<Day>
  /// Days whose table is gone and still entered, so that the register counts what is not there.
  let goneDays: Set<Day>
  /// Days whose counters of usage say more than their rows, since conversations were purged.
  var purgedDays: Set<Day> = []
  /// Days whose exchanges keys and files may lead to although they are gone: a sweep is due.
  var unsweptDays: Set<Day> = []
  /// Tables that look like those of a day and are not entered.
  let strayTables: [String]
  private let placeOfDay: [Day: DayPlace]

  init(calendar: PartitionCalendar, places: [DayPlace], tables: Set<String>, dropped: Set<Day>) {
    self.calendar = calendar
    var gone: Set<Day> = []
    self.places = places.map { entered in
      var place: DayPlace = entered
      if !tables.contains(Partition.messageTable(of: place.day)) { place.hasMessageTable = false }
      if !tables.contains(Partition.errorTable(of: place.day)) { place.hasErrorTable = false }
      if place != entered { gone.insert(place.day) }
      return place
    }
    goneDays = gone
    droppedDays = dropped.union(gone)
    strayTables = tables.subtracting(places.flatMap(\.tables)).sorted()
    placeOfDay = Dictionary(uniqueKeysWithValues: self.places.map { ($0.day, $0) })
  }

  /// Where the rows of a day are; the single tables may always hold some.
  func place(of day: Day) -> DayPlace {
    var place: DayPlace = placeOfDay[day] ?? .unentered(day)
    place.hasSingleRows = true
    return place
  }

  /// Every table of messages, the single one first.
  var messageTables: [String] {
    [Partition.whole.messages.table]
      + places.filter(\.hasMessageTable).map { Partition.messageTable(of: $0.day) }
  }

  var errorTables: [String] {
    [Partition.whole.failures.table] + places.filter(\.hasErrorTable).map { Partition.errorTable(of: $0.day) }
  }

  /// The tables that may hold rows of these ids.
  func tables(of ids: Range<UUIDv7>) -> (messages: [String], failures: [String]) {
    let first: Day = calendar.day(of: ids.lowerBound.milliseconds)
    let last: Day = calendar.day(of: ids.upperBound.milliseconds - 1)
    var tables = (messages: [Partition.whole.messages.table], failures: [Partition.whole.failures.table])
    for place in places where first <= place.day && place.day <= last {
      if place.hasMessageTable { tables.messages.append(Partition.messageTable(of: place.day)) }
      if place.hasErrorTable { tables.failures.append(Partition.errorTable(of: place.day)) }
    }
    return tables
  }

  /// The times of dropped days, days that follow each other put together, in their order.
  var droppedSpans: [Range<Int64>] { spans(of: droppedDays) }

  /// Days of which usage is not compared, since what was used was dropped or purged.
  var unaccountedDays: Set<Day> { droppedDays.union(purgedDays) }

  func spans(of days: Set<Day>) -> [Range<Int64>] {
    days.sorted().map(calendar.span).reduce(into: []) { spans, span in
      if let last = spans.last, last.upperBound == span.lowerBound {
        spans[spans.count - 1] = last.lowerBound..<span.upperBound
      } else {
        spans.append(span)
      }
    }
  }
}

extension Connection {
  func historyMap(_ calendar: PartitionCalendar) throws -> HistoryMap {
    let dropped: [Int64] = try query("SELECT day FROM verbatim_partitions WHERE dropped_at IS NOT NULL") {
      $0.integer(0)
    }
    var map = HistoryMap(
      calendar: calendar, places: try dayPlaces(), tables: try historyTables(),
      dropped: Set(dropped.map { Day(number: Int32(clamping: $0)) }))
    map.purgedDays = try purgedDays(onlyUnswept: false)
    map.unsweptDays = try purgedDays(onlyUnswept: true)
    return map
  }
}

extension SQL {
  /// Columns of all rows with these ids, of several tables.
  static func rows(_ columns: String, of tables: [String], _ ids: Range<UUIDv7>) -> SQL {
    let selects: [SQL] = tables.map { table in
      """
      SELECT \(unsafeSQL: columns)
      FROM \(identifier: table)
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      """
    }
    return "\(joined: selects)"
  }
}

import Databases
import VerbatimModel

/// What one day holds, and where.
package struct PartitionSummary: Sendable, Equatable {
  package let day: Day
  /// `open`, `emptying`, `emptied` or `dropped`; `new` for a day that has tables and no rows yet.
  package var state = "new"
  package var exchanges: Int64 = 0
  package var messages: Int64 = 0
  package var errors: Int64 = 0
  /// About what its rows took when they were recorded.
  package var bytes: Int64 = 0
  /// Unix milliseconds.
  package var droppedAt: Int64?
  /// Unix milliseconds, of its first and its last message.
  package var firstAt: Int64?
  package var lastAt: Int64?
  /// Whether it has tables of its own.
  package var hasTables = false
  /// Whether it may have rows in the single tables.
  package var mayHaveSingleRows = true

  package var holdsRows: Bool { exchanges + messages + errors > 0 }

  init(day: Day) { self.day = day }
}

extension Store {
  /// Every day that is known, oldest first.
  package func partitions() async throws -> [PartitionSummary] {
    let calendar: PartitionCalendar = calendar
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.partitions(calendar, absent) }
    }
  }

  /// Makes the tables of days, whatever the setting.
  package func makePartitions(_ days: [Day]) async throws {
    try await makeTables(days.map { DayTables.Need(day: $0, kind: .messageTable) })
  }

  package var today: Day { dayTables.today }

  /// Whose midnight ends a day.
  package var timeZoneName: String { calendar.timeZoneName }

  /// Makes a view of the last days' messages; answers its name and how many tables it shows.
  package func makeRecentView(days: Int) async throws -> (name: String, tables: Int) {
    let first: Day = today.adding(1 - Int64(days))
    return try await writing { connection in
      let own: [String] = try connection.dayPlaces().filter { $0.day >= first && $0.hasMessageTable }
        .map { Partition.messageTable(of: $0.day) }
      let tables: [String] = [Partition.whole.messages.table] + own.suffix(RecentView.longest)
      try connection.executeScript(RecentView.script(over: tables))
      return (RecentView.name, tables.count)
    }
  }
}

extension Connection {
  fileprivate func partitions(_ calendar: PartitionCalendar, _ absent: Set<String>) throws -> [PartitionSummary] {
    var summaries: [Day: PartitionSummary] = [:]
    try forEachRow(
      "SELECT day, state, exchanges, messages, errors, bytes, dropped_at FROM verbatim_partitions"
    ) { row in
      var summary = PartitionSummary(day: Day(number: Int32(clamping: row.integer(0))))
      summary.state = row.text(1)
      summary.exchanges = row.integer(2)
      summary.messages = row.integer(3)
      summary.errors = row.integer(4)
      summary.bytes = row.integer(5)
      summary.droppedAt = row.optionalInteger(6)
      summaries[summary.day] = summary
      return true
    }
    let places: [Day: DayPlace] = Dictionary(try dayPlaces().map { ($0.day, $0) }) { first, _ in first }
    for (day, place) in places where !place.tables.isEmpty || summaries[day] != nil {
      summaries[day, default: PartitionSummary(day: day)].hasTables = !place.tables.isEmpty
      summaries[day]?.mayHaveSingleRows = place.hasSingleRows
    }
    for (day, summary) in summaries where summary.holdsRows {
      let place: DayPlace = places[day] ?? .unentered(day)
      let tables: [String] = (place.messageTables + place.errorTables).filter { !absent.contains($0) }
      let times: ClosedRange<Int64>? = try times(of: tables, calendar.ids(of: day))
      summaries[day]?.firstAt = times?.lowerBound
      summaries[day]?.lastAt = times?.upperBound
    }
    return summaries.values.sorted { $0.day < $1.day }
  }

  private func times(of tables: [String], _ ids: Range<UUIDv7>) throws -> ClosedRange<Int64>? {
    var times: ClosedRange<Int64>?
    for table in tables {
      let condition: SQL = "FROM \(identifier: table) WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)"
      guard let first = try first("SELECT id \(condition) ORDER BY id LIMIT 1", { try $0.uuid(0).milliseconds }),
        let last = try self.first("SELECT id \(condition) ORDER BY id DESC LIMIT 1", { try $0.uuid(0).milliseconds })
      else { continue }
      times = min(times?.lowerBound ?? first, first)...max(times?.upperBound ?? last, last)
    }
    return times
  }
}

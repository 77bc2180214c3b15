import Databases
import VerbatimModel

extension Store {
  /// Drops the rows of a day: its own tables at once, rows in the single tables in bounded steps. Statistics stay, and
  /// the counters of conversations go on counting what was. `sweepLeftovers` takes away what else belonged to the day.
  package func drop(_ day: Day) async throws {
    let tables: DayTables = dayTables
    try await writing { try $0.dropTables(of: day, tables) }
    while try await writing({ try $0.deleteSomeSingleRows(of: day, tables) }) != DayCount() {
      try Task.checkCancellation()
    }
    try await endDrop(of: day)
  }

  /// What a day holds, by its counters: every commit to the day moves them.
  package func count(of day: Day) async throws -> DayCount { try await database.read { try $0.count(of: day) } }

  /// As `drop`, for a day that was looked through after `count` was read. Throws `DayHasChanged` as soon as the day has
  /// got or lost something that was not there then; what is left of it is kept.
  package func drop(_ day: Day, holding count: DayCount) async throws {
    let tables: DayTables = dayTables
    // Before the tables: with them goes the count of the rest.
    var left: DayCount = count
    while true {
      let expected: DayCount = left
      let deleted: DayCount = try await writing {
        try $0.deleteSomeSingleRows(of: day, tables, expected: expected)
      }
      if deleted == DayCount() { break }
      left = left - deleted
      try Task.checkCancellation()
    }
    let expected: DayCount = left
    try await writing { try $0.dropTables(of: day, tables, expected: expected) }
    try await endDrop(of: day)
  }

  private func endDrop(of day: Day) async throws {
    try await writing { try $0.enterEmptied(day) }
    log.info("MES day dropped", ["day": "\(day)"])
  }

  /// Takes away what dropped days left behind; answers how many days were swept.
  @discardableResult package func sweepLeftovers() async throws -> Int {
    let days: Set<Day> = try await database.read { try $0.daysWithLeftovers() }
    guard !days.isEmpty else { return 0 }
    try await sweepReferences(of: days)
    let calendar: PartitionCalendar = calendar
    var cursor: [SQLValue]?
    repeat {
      let from: [SQLValue]? = cursor
      cursor = try await writing { try $0.deleteActiveDays(days, behind: from, calendar) }
    } while cursor != nil
    try await writing { try $0.enterSwept(days) }
    return days.count
  }

  /// Deletes keys, files and ids of responses that lead to exchanges of these days that are gone.
  func sweepReferences(of days: Set<Day>) async throws {
    let calendar: PartitionCalendar = calendar
    for referrer in ExchangeReferrer.all {
      var cursor: [SQLValue]?
      repeat {
        let from: [SQLValue]? = cursor
        let found = try await readingHistory { connection, _ in
          try connection.leftovers(in: referrer, of: days, behind: from, calendar)
        }
        if !found.rows.isEmpty { try await writing { try $0.delete(found.rows, from: referrer) } }
        cursor = found.next
      } while cursor != nil
    }
  }

  /// Work between batches, tried again where others were in its way.
  @discardableResult
  func writing<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    try await retryingConflicts {
      try await self.database.writer.run { connection in
        let result: Result = try body(connection)
        try connection.checkpointIfNeeded()
        return result
      }
    }
  }
}

import Databases

extension Store {
  /// Makes the tables of today and tomorrow, where days have tables of their own: nobody waits for them at midnight.
  func makeComingTables() async throws {
    guard dayTables.isDaily else { return }
    let today: Day = dayTables.today
    let needs: [DayTables.Need] = [today, today.adding(1)].map { .init(day: $0, kind: .messageTable) }
    try await makeTables(needs)
  }

  func makeTables(_ needs: [DayTables.Need]) async throws {
    let tables: DayTables = dayTables
    try await retryingConflicts { try await self.database.writer.runToEnd { try $0.make(needs, in: tables) } }
  }

  /// The names of tables of days that are entered and gone; it is entered that they are gone, if that can be written.
  func noticeGoneTables() async throws -> Set<String> {
    let gone: Set<String> = try await database.read { connection in Set(try connection.goneTables()) }
    guard !gone.isEmpty, !configuration.isReadOnly else { return gone }
    let tables: DayTables = dayTables
    let days: Set<Day> = Set(gone.compactMap(Partition.day))
    do {
      let entered: [String] = try await retryingConflicts {
        try await self.database.writer.runToEnd { try $0.enterGone(days, tables) }
      }
      // Whoever reads meets them at once; one of them says so.
      if !entered.isEmpty {
        log.warning("MES tables of days are gone", ["tables": entered.prefix(10).joined(separator: ", ")])
      }
    } catch {
      log.warning("MES tables of days are gone, which could not be entered", ["error": "\(error)"])
    }
    return gone
  }

  /// Another replica may be about the same.
  func retryingConflicts<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
    var attempts = CommitAttempts(isServer: dialect.isServer, patience: .zero)
    while true {
      do {
        return try await body()
      } catch let error as DatabaseError where error.kind == .conflict {
        guard case .again(let pause) = attempts.action(after: error, batchCount: 1, jitter: .random(in: 0...1)) else {
          throw error
        }
        try await Task.sleep(for: pause)
      }
    }
  }
}

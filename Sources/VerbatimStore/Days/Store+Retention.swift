import Databases
import VerbatimModel

/// Drops days and empties bodies that are older than they are to be kept.
extension Store {
  /// How long a replica that took the work keeps others from it, unless it goes on; milliseconds.
  private static let lease: Int64 = 120_000

  /// One round, by one replica at a time; answers whether this one did it.
  @discardableResult package func applyRetention() async throws -> Bool {
    guard try await takeLease() else { return false }
    let today: Day = dayTables.today
    if let days = configuration.retention.days {
      for day in try await droppableDays(before: today.adding(-Int64(days))) {
        try await drop(day)
        guard try await takeLease() else { return true }
      }
    }
    if let days = configuration.retention.bodyDays {
      let limit: Day = today.adding(-Int64(days))
      for day in try await database.read({ try $0.daysWithBodies(before: limit) }) {
        try await emptyBodies(of: day)
        guard try await takeLease() else { return true }
      }
    }
    try await sweepLeftovers()
    try await sweepPurges()
    try await pruneFeed()
    return true
  }

  /// Days that hold rows or have tables, oldest first.
  private func droppableDays(before limit: Day) async throws -> [Day] {
    try await database.read { connection in
      try connection.query(
        """
        SELECT day FROM verbatim_partitions WHERE day < \(limit.number) AND exchanges + messages + errors > 0
        UNION
        SELECT day FROM verbatim_day_tables WHERE day < \(limit.number) AND message_table + error_table > 0
        ORDER BY day
        """
      ) { Day(number: Int32(clamping: $0.integer(0))) }
    }
  }

  private func emptyBodies(of day: Day) async throws {
    let place: DayPlace = try await database.read { try $0.dayPlace(of: day) } ?? .unentered(day)
    let ids: Range<UUIDv7> = calendar.ids(of: day)
    try await writing { try $0.enterEmptyingBodies(day) }
    for table in place.messageTables + place.errorTables {
      var cursor: UUIDv7?
      repeat {
        let from: UUIDv7? = cursor
        cursor = try await writing { try $0.emptyBodies(of: table, ids, behind: from) }
      } while cursor != nil
    }
    try await writing { try $0.enterBodiesEmptied(day) }
    log.info("MES bodies of a day emptied", ["day": "\(day)"])
  }

  /// Takes the work, or goes on with it: nobody else does it meanwhile, for as long as the lease lasts. Of a file, whoever
  /// writes to it is alone.
  func takeLease() async throws -> Bool {
    guard dialect.isServer else { return true }
    let (now, holder) = (configuration.clock(), leaseHolder)
    return try await writing { connection in
      try connection.initializeSetting(.maintenanceLease, to: "nobody 0")
      guard let held = try connection.setting(.maintenanceLease) else { return false }
      let parts: [Substring] = held.split(separator: " ")
      let isFree: Bool = parts.first.map(String.init) == holder || (parts.last.flatMap { Int64($0) } ?? 0) < now
      guard isFree else { return false }
      let changed: Int = try connection.execute(
        """
        UPDATE verbatim_settings
        SET value = \("\(holder) \(now + Self.lease)")
        WHERE name = \(StoredSetting.maintenanceLease.rawValue) AND value = \(held)
        """)
      return changed == 1 || held == "\(holder) \(now + Self.lease)"
    }
  }
}

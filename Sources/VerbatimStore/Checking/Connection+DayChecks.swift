import Databases
import VerbatimModel

/// Compares day by day: the partition register, the active days and the usage counters against the rows.
extension Connection {
  /// The time in an id is the row's `created_at`, and names the day that keys, files and tables are of.
  func checkTimes(_ map: HistoryMap) throws -> [String] {
    var findings: [String] = []
    for table in map.messageTables + map.errorTables {
      let day: Day? = Partition.day(ofTable: table)
      try forEachRow("SELECT id, created_at FROM \(identifier: table)") { row in
        let id: UUIDv7 = try row.uuid(0)
        if id.milliseconds != row.integer(1) {
          findings.append("times of ids: \(table) \(id) was created at \(row.integer(1)), which is not its id's time")
        }
        if let day, map.calendar.day(of: id.milliseconds) != day {
          findings.append("days of ids: \(table) has \(id), which is of another day")
        }
        return findings.count < Check.limit
      }
    }
    for table in ["verbatim_message_keys", "message_files"] {
      try forEachRow("SELECT exchange_id, day FROM \(identifier: table)") { row in
        let id: UUIDv7 = try row.uuid(0)
        if Int64(map.calendar.day(of: id.milliseconds).number) != row.integer(1) {
          findings.append(
            "days of ids: \(table) has exchange \(id) on day \(row.integer(1)), which is not its id's day")
        }
        return findings.count < Check.limit * 2
      }
    }
    return findings
  }

  func checkDays(_ map: HistoryMap) throws -> [String] {
    var findings: [String] = map.strayTables.map { "tables of days: \($0) is not entered in verbatim_day_tables" }
    let registered: [Day: DayCount] = try registeredDays()
    let days: [Day] = try daysWithRows(map)
    for day in days {
      let ids: Range<UUIDv7> = map.calendar.ids(of: day)
      let seen: DayCount = try count(ids, map)
      if !map.goneDays.contains(day), registered[day] ?? DayCount() != seen {
        let entry: String = registered[day].map { "\($0)" } ?? "nothing"
        findings.append("partition register: day \(day.number) holds \(seen), the register says \(entry)")
      }
      findings += try checkPositions(ids, map)
      findings += try checkActiveDays(day, ids, map)
      if !map.unaccountedDays.contains(day) { findings += try checkUsageByDay(day: Int64(day.number), ids: ids, map) }
    }
    let known: Set<Day> = Set(days).union(map.goneDays)
    for (day, entry) in registered.sorted(by: { $0.key < $1.key }) where entry != DayCount() && !known.contains(day) {
      findings.append("partition register: day \(day.number) holds no rows, the register says \(entry)")
    }
    findings += try checkDaysWithoutRows(known)
    findings += try checkHours(days, map)
    findings += try checkUsageTotals()
    return findings
  }

  private func registeredDays() throws -> [Day: DayCount] {
    let days: [(Day, DayCount)] = try query("SELECT day, exchanges, messages, errors FROM verbatim_partitions") { row in
      (
        Day(number: Int32(clamping: row.integer(0))),
        DayCount(exchanges: row.integer(1), messages: row.integer(2), errors: row.integer(3))
      )
    }
    return Dictionary(days) { first, _ in first }
  }

  /// Every day that holds rows, and those that have tables.
  private func daysWithRows(_ map: HistoryMap) throws -> [Day] {
    var days = Set(map.places.filter { !$0.tables.isEmpty }.map(\.day))
    for table in [Partition.whole.messages.table, Partition.whole.failures.table] {
      var cursor = UUIDv7.beforeAll
      while let first = try firstID(in: table, from: cursor) {
        let day: Day = map.calendar.day(of: first.milliseconds)
        days.insert(day)
        cursor = map.calendar.ids(of: day).upperBound
      }
    }
    return days.sorted()
  }

  private func firstID(in table: String, from cursor: UUIDv7) throws -> UUIDv7? {
    try first("SELECT id FROM \(identifier: table) WHERE id >= \(cursor) ORDER BY id LIMIT 1") { try $0.uuid(0) }
  }

  private func count(_ ids: Range<UUIDv7>, _ map: HistoryMap) throws -> DayCount {
    let tables = map.tables(of: ids)
    var count = DayCount()
    for table in tables.messages {
      let part: DayCount = try self.count(rowsOf: table, ids)
      count.exchanges += part.exchanges
      count.messages += part.messages
    }
    for table in tables.failures { count.errors += try self.count(rowsOf: table, ids).messages }
    return count
  }

  /// Positions of an exchange's messages count from 0 without a gap.
  private func checkPositions(_ ids: Range<UUIDv7>, _ map: HistoryMap) throws -> [String] {
    let dialect: Dialect = try dialect()
    return try map.tables(of: ids).messages.flatMap { table in
      try query(
        """
        SELECT \(unsafeSQL: dialect.hexadecimal("exchange_id")), \(unsafeSQL: dialect.joined("position"))
        FROM \(identifier: table)
        WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        GROUP BY exchange_id
        HAVING min(position) <> 0 OR max(position) <> count(*) - 1 OR count(DISTINCT position) <> count(*)
        LIMIT \(Check.limit)
        """
      ) { "positions of messages: exchange \($0.text(0)) has the positions \($0.text(1).prefix(100))" }
    }
  }

  /// What a dropped table leaves is swept later.
  private func checkActiveDays(_ day: Day, _ ids: Range<UUIDv7>, _ map: HistoryMap) throws -> [String] {
    let tables = map.tables(of: ids)
    let rows: SQL =
      "SELECT DISTINCT * FROM (\(SQL.rows("account_id, conversation_id", of: tables.messages + tables.failures, ids))) AS a"
    let register: SQL = "SELECT account_id, conversation_id FROM verbatim_conversation_days WHERE day = \(day.number)"
    let unmarked: [String] = try difference(rows, register) {
      "active days: \($0.text(0))/\($0.text(1)) has rows on \(day.number), not marked"
    }
    guard !map.droppedDays.contains(day) else { return unmarked }
    return try unmarked
      + difference(register, rows) {
        "active days: \($0.text(0))/\($0.text(1)) is marked on \(day.number), has no rows"
      }
  }

  private func checkDaysWithoutRows(_ days: Set<Day>) throws -> [String] {
    try query(
      """
      SELECT day, count(*) FROM verbatim_conversation_days AS d
      WHERE day NOT IN (0, \(list: days.isEmpty ? [0] : days.map(\.number)))
        AND NOT EXISTS (SELECT 1 FROM verbatim_partitions AS p WHERE p.day = d.day AND p.dropped_at IS NOT NULL)
      GROUP BY day
      LIMIT \(Check.limit)
      """
    ) { "active days: \($0.integer(1)) conversations are marked on day \($0.integer(0)), which holds no rows" }
  }

  func difference(_ left: SQL, _ right: SQL, _ finding: (Row) throws -> String) throws -> [String] {
    try query("SELECT * FROM (\(left)) AS l EXCEPT SELECT * FROM (\(right)) AS r LIMIT \(Check.limit)", finding)
  }
}

extension DayCount: CustomStringConvertible {
  package var description: String { "\(exchanges) exchanges, \(messages) messages, \(errors) errors" }
}

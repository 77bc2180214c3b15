import Databases
import VerbatimModel

/// Compares day by day: the partition register, the active days and the usage counters against the rows.
extension Connection {
  /// Counters of an hour never span two days of UTC, whatever the partition time zone.
  func checkHours() throws -> [String] {
    guard let calendar = PartitionCalendar(timeZoneName: "UTC") else { return [] }
    var findings: [String] = []
    var total: Int64 = 0
    try forEachDay(calendar) { _, ids in
      let (count, wrong) = try checkUsageByHour(ids)
      total += count
      findings += wrong
    }
    let counted: Int64 = try first("SELECT count(*) FROM verbatim_usage_by_hour") { $0.integer(0) } ?? 0
    if counted != total && findings.isEmpty {
      findings.append("usage by hour: \(counted - total) counters belong to hours that hold no rows")
    }
    return findings
  }

  /// The time in an id is the row's `created_at`, and names the day that keys and files are entered under.
  func checkTimes(_ calendar: PartitionCalendar) throws -> [String] {
    var findings: [String] = []
    for table in ["conversation_histories", "error_conversation_histories"] {
      try forEachRow("SELECT id, created_at FROM \(identifier: table)") { row in
        let id: UUIDv7 = try row.uuid(0)
        if id.milliseconds != row.integer(1) {
          findings.append("times of ids: \(table) \(id) was created at \(row.integer(1)), which is not its id's time")
        }
        return findings.count < Check.limit
      }
    }
    for table in ["verbatim_message_keys", "message_files"] {
      try forEachRow("SELECT exchange_id, day FROM \(identifier: table)") { row in
        let id: UUIDv7 = try row.uuid(0)
        if Int64(calendar.day(of: id.milliseconds).number) != row.integer(1) {
          findings.append(
            "days of ids: \(table) has exchange \(id) on day \(row.integer(1)), which is not its id's day")
        }
        return findings.count < Check.limit * 2
      }
    }
    return findings
  }

  func checkDays(_ calendar: PartitionCalendar) throws -> [String] {
    var findings: [String] = []
    let registered: [RegisteredDay] = try query(
      """
      SELECT day, exchanges, messages, errors
      FROM verbatim_partitions
      WHERE state <> 'dropped'
      ORDER BY day
      """
    ) { row in
      RegisteredDay(day: row.integer(0), exchanges: row.integer(1), messages: row.integer(2), errors: row.integer(3))
    }
    var seen: [RegisteredDay] = []
    try forEachDay(calendar) { day, ids in
      seen.append(try counted(day: day, ids: ids))
      findings += try checkPositions(ids)
      findings += try checkUsageByDay(day: day, ids: ids)
      findings += try checkActiveDays(day: day, ids: ids)
    }
    for day in seen where !registered.contains(day) {
      let entry: String = registered.first { $0.day == day.day }.map { "\($0)" } ?? "nothing"
      findings.append("partition register: day \(day.day) holds \(day), the register says \(entry)")
    }
    for entry in registered where !entry.isEmpty && !seen.contains(where: { $0.day == entry.day }) {
      findings.append("partition register: day \(entry.day) holds no rows, the register says \(entry)")
    }
    findings += try checkDaysWithoutRows(seen.map(\.day))
    return findings
  }

  /// Calls `body` for every day that holds rows, with the bounds of its ids.
  private func forEachDay(
    _ calendar: PartitionCalendar, _ body: (_ day: Int64, _ ids: Range<UUIDv7>) throws -> Void
  ) throws {
    var cursor = UUIDv7.beforeAll
    while let first = try firstID(after: cursor) {
      let span: Range<Int64> = calendar.span(ofDayContaining: first.milliseconds)
      let ids: Range<UUIDv7> = UUIDv7.lowest(at: span.lowerBound)..<UUIDv7.lowest(at: span.upperBound)
      try body(Int64(calendar.day(of: first.milliseconds).number), ids)
      cursor = ids.upperBound
    }
  }

  private func firstID(after cursor: UUIDv7) throws -> UUIDv7? {
    let succeeded: UUIDv7? = try first(
      "SELECT id FROM conversation_histories WHERE id >= \(cursor) ORDER BY id LIMIT 1"
    ) { try $0.uuid(0) }
    let failed: UUIDv7? = try first(
      "SELECT id FROM error_conversation_histories WHERE id >= \(cursor) ORDER BY id LIMIT 1"
    ) { try $0.uuid(0) }
    return [succeeded, failed].compactMap(\.self).min()
  }

  private func counted(day: Int64, ids: Range<UUIDv7>) throws -> RegisteredDay {
    var counted = RegisteredDay(day: day, exchanges: 0, messages: 0, errors: 0)
    try forEachRow(
      """
      SELECT count(CASE WHEN exchange_id = id THEN 1 END), count(*)
      FROM conversation_histories
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      """
    ) { row in
      counted.exchanges = row.integer(0)
      counted.messages = row.integer(1)
      return true
    }
    counted.errors =
      try first(
        """
        SELECT count(*) FROM error_conversation_histories
        WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
        """
      ) { $0.integer(0) } ?? 0
    return counted
  }

  /// Positions of an exchange's messages count from 0 without a gap.
  private func checkPositions(_ ids: Range<UUIDv7>) throws -> [String] {
    let dialect: Dialect = try dialect()
    return try query(
      """
      SELECT \(unsafeSQL: dialect.hexadecimal("exchange_id")), \(unsafeSQL: dialect.joined("position"))
      FROM conversation_histories
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      GROUP BY exchange_id
      HAVING min(position) <> 0 OR max(position) <> count(*) - 1 OR count(DISTINCT position) <> count(*)
      LIMIT \(Check.limit)
      """
    ) { "positions of messages: exchange \($0.text(0)) has the positions \($0.text(1).prefix(100))" }
  }

  private func checkActiveDays(day: Int64, ids: Range<UUIDv7>) throws -> [String] {
    let rows: SQL = """
      SELECT account_id, conversation_id FROM conversation_histories
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      UNION
      SELECT account_id, conversation_id FROM error_conversation_histories
      WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      """
    let register: SQL = "SELECT account_id, conversation_id FROM verbatim_conversation_days WHERE day = \(day)"
    return try difference(rows, register) { "active days: \($0.text(0))/\($0.text(1)) has rows on \(day), not marked" }
      + difference(register, rows) { "active days: \($0.text(0))/\($0.text(1)) is marked on \(day), has no rows" }
  }

  private func checkDaysWithoutRows(_ days: [Int64]) throws -> [String] {
    try query(
      """
      SELECT day, count(*) FROM verbatim_conversation_days AS d
      WHERE day NOT IN (0, \(list: days.isEmpty ? [0] : days))
        AND NOT EXISTS (SELECT 1 FROM verbatim_partitions AS p WHERE p.day = d.day AND p.state = 'dropped')
      GROUP BY day
      LIMIT \(Check.limit)
      """
    ) { "active days: \($0.integer(1)) conversations are marked on day \($0.integer(0)), which holds no rows" }
  }

  func difference(_ left: SQL, _ right: SQL, _ finding: (Row) throws -> String) throws -> [String] {
    try query("SELECT * FROM (\(left)) AS l EXCEPT SELECT * FROM (\(right)) AS r LIMIT \(Check.limit)", finding)
  }
}

/// A day's entry in the partition register, or what its rows come to.
private struct RegisteredDay: Equatable, CustomStringConvertible {
  let day: Int64
  var exchanges: Int64
  var messages: Int64
  var errors: Int64

  var isEmpty: Bool { exchanges == 0 && messages == 0 && errors == 0 }
  var description: String { "\(exchanges) exchanges, \(messages) messages, \(errors) errors" }
}

import Databases
import VerbatimModel

/// Compares day by day: the partition register, the active days and the usage counters against the rows.
extension Connection {
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
    var cursor = UUIDv7.beforeAll
    while let first = try firstID(after: cursor) {
      let span: Range<Int64> = calendar.span(ofDayContaining: first.milliseconds)
      let ids: Range<UUIDv7> = UUIDv7.lowest(at: span.lowerBound)..<UUIDv7.lowest(at: span.upperBound)
      let day = Int64(calendar.day(of: first.milliseconds).number)
      seen.append(try counted(day: day, ids: ids))
      findings += try checkUsage(day: day, ids: ids)
      findings += try checkActiveDays(day: day, ids: ids)
      cursor = ids.upperBound
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
      SELECT coalesce(sum(exchange_id = id), 0), count(*)
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

  private func checkUsage(day: Int64, ids: Range<UUIDv7>) throws -> [String] {
    let counters: String =
      "count(*), sum(messages), sum(prompt), sum(completion), sum(price), "
      + LatencyHistogram.columns.indices.map { "sum(bucket = \($0))" }.joined(separator: ", ")
    let bucket: String =
      LatencyHistogram.upperBounds.enumerated().map { "WHEN latency <= \($1) THEN \($0)" }.joined(separator: " ")
    // A row of the exchange knows its own figures; its messages are counted by their common exchange_id.
    let rows: SQL = """
      SELECT account_id, app_id, user_id, model_name, status, \(unsafeSQL: counters)
      FROM (
        SELECT h.account_id, h.app_id, h.user_id, h.model_name, h.status,
          \(unsafeSQL: Check.plausible("h.prompt_tokens")) AS prompt,
          \(unsafeSQL: Check.plausible("h.completion_tokens")) AS completion,
          coalesce(h.total_price, 0) AS price,
          CASE WHEN latency IS NULL THEN -1 \(unsafeSQL: bucket) ELSE \(LatencyHistogram.upperBounds.count) END AS bucket,
          m.messages
        FROM conversation_histories AS h
        JOIN (
          SELECT exchange_id, count(*) AS messages
          FROM conversation_histories
          WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
          GROUP BY exchange_id
        ) AS m ON m.exchange_id = h.id
        UNION ALL
        SELECT account_id, app_id, user_id, model_name, status,
          \(unsafeSQL: Check.plausible("prompt_tokens")), \(unsafeSQL: Check.plausible("completion_tokens")),
          coalesce(total_price, 0),
          CASE WHEN latency IS NULL THEN -1 \(unsafeSQL: bucket) ELSE \(LatencyHistogram.upperBounds.count) END,
          0
        FROM error_conversation_histories
        WHERE id >= \(ids.lowerBound) AND id < \(ids.upperBound)
      )
      GROUP BY account_id, app_id, user_id, model_name, status
      """
    let register: SQL = """
      SELECT account_id, app_id, user_id, model_name, status, \(unsafeSQL: UsageColumns.names.joined(separator: ", "))
      FROM verbatim_usage_by_day
      WHERE day = \(day)
      """
    func describe(_ row: Row) -> String {
      "\(row.text(0)), app \(row.text(1)), user \(row.text(2)), model \(row.text(3)), \(row.text(4)): "
        + "\(row.integer(5)) exchanges, \(row.integer(6)) messages, \(row.integer(7)) + \(row.integer(8)) tokens"
    }
    return try difference(rows, register) { "usage by day: \(day) the rows hold \(describe($0))" }
      + difference(register, rows) { "usage by day: \(day) the counters say \(describe($0))" }
  }

  private func difference(_ left: SQL, _ right: SQL, _ finding: (Row) throws -> String) throws -> [String] {
    try query("SELECT * FROM (\(left)) EXCEPT SELECT * FROM (\(right)) LIMIT \(Check.limit)", finding)
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

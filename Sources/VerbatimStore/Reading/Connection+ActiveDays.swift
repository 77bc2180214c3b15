import Databases
import VerbatimModel

/// Some of the days on which a conversation was active, in the order of reading, and where their rows are.
struct ConversationDays {
  var places: [DayPlace] = []
  /// Whether there may be more days behind them.
  var hasMore = false
  /// Whether the conversation has failed exchanges at all.
  var hasFailures = false
}

extension Connection {
  /// Days that are asked for at once.
  private static let dayCount = 16

  /// The days from which a page is read, beginning behind `last` or, without, where the page does; nil where there is no
  /// such conversation.
  func days(of rows: ConversationRows, behind last: Day? = nil) throws -> ConversationDays? {
    var days = ConversationDays()
    var isThere = false
    try forEachRow(query(of: rows, behind: last)) { row in
      isThere = true
      days.hasFailures = row.integer(0) > 0
      if let number = row.optionalInteger(1) {
        days.places.append(DayPlace(day: Day(number: Int32(clamping: number)), row, from: 2))
      }
      return true
    }
    days.hasMore = days.places.count == Self.dayCount
    return isThere ? days : nil
  }

  /// One statement for the conversation and its days, since every statement is a way to the server and back.
  private func query(of rows: ConversationRows, behind last: Day?) -> SQL {
    let bound: Day? = last ?? rows.cursor.map { rows.calendar.day(of: $0.milliseconds) }
    let isNewestFirst: Bool = rows.order == .newestFirst
    let farthest = Day(number: isNewestFirst ? .max : 0)
    let comparison: String = isNewestFirst ? (last == nil ? "<=" : "<") : (last == nil ? ">=" : ">")
    return """
      SELECT c.error_count, d.day, \(unsafeSQL: DayPlace.columns)
      FROM conversations AS c
      LEFT JOIN verbatim_conversation_days AS d
        ON d.account_id = c.account_id AND d.conversation_id = c.id
          AND d.day \(unsafeSQL: comparison) \((bound ?? farthest).number)
      LEFT JOIN verbatim_day_tables AS t ON t.day = d.day
      WHERE c.id = \(rows.conversation) AND \(rows.reach.condition(on: "c")) AND c.status <> 'deleted'
      ORDER BY d.day\(unsafeSQL: isNewestFirst ? " DESC" : "")
      LIMIT \(Self.dayCount)
      """
  }
}

import Databases
import VerbatimModel

/// What conversations come to.
package struct ConversationStatistics: Sendable, Equatable {
  /// Of conversations that are not deleted.
  package var conversations: Int64 = 0
  package var messages: Int64 = 0
  package var tokens: Int64 = 0
  /// Exchanges by model, failed ones included, whatever has become of them since.
  package var exchangesByModel: [(model: String, count: Int64)] = []
  /// Messages by day in the partition time zone, likewise, in the order of the days.
  package var messagesByDay: [(day: Day, count: Int64)] = []

  package init() {}

  package static func == (left: ConversationStatistics, right: ConversationStatistics) -> Bool {
    left.conversations == right.conversations && left.messages == right.messages && left.tokens == right.tokens
      && left.exchangesByModel.elementsEqual(right.exchangesByModel, by: ==)
      && left.messagesByDay.elementsEqual(right.messagesByDay, by: ==)
  }
}

extension Store {
  /// Exact, from counters that move with the rows. What was used is counted by the app and user that each exchange named.
  package func statistics(within reach: Reach) async throws -> ConversationStatistics {
    let calendar: PartitionCalendar = calendar
    return try await reading { connection in
      try connection.snapshot {
        var statistics: ConversationStatistics = try connection.totals(reach)
        statistics.exchangesByModel = try connection.exchangesByModel(reach, calendar)
        statistics.messagesByDay = try connection.messagesByDay(reach, calendar)
        return statistics
      }
    }
  }
}

extension Connection {
  fileprivate func totals(_ reach: Reach) throws -> ConversationStatistics {
    try first(
      """
      SELECT count(*), sum(message_count), \(unsafeSQL: try dialect().boundedSum("total_tokens"))
      FROM conversations AS c
      WHERE \(reach.condition(on: "c")) AND c.status <> 'deleted'
      """
    ) { row in
      var statistics = ConversationStatistics()
      statistics.conversations = row.integer(0)
      statistics.messages = row.integer(1)
      statistics.tokens = row.integer(2)
      return statistics
    } ?? ConversationStatistics()
  }

  fileprivate func exchangesByModel(
    _ reach: Reach, _ calendar: PartitionCalendar
  ) throws -> [(model: String, count: Int64)] {
    var usage = UsageQuery(reach)
    usage.dimensions = [.model]
    return try query(
      """
      SELECT u.model_name, sum(u.exchanges)
      \(usage.rows(calendar))
      GROUP BY u.model_name
      ORDER BY u.model_name
      """
    ) { ($0.text(0), $0.integer(1)) }
  }

  fileprivate func messagesByDay(_ reach: Reach, _ calendar: PartitionCalendar) throws -> [(day: Day, count: Int64)] {
    var usage = UsageQuery(reach)
    usage.dimensions = [.day]
    return try query(
      """
      SELECT u.day, sum(u.messages)
      \(usage.rows(calendar))
      GROUP BY u.day
      HAVING sum(u.messages) > 0
      ORDER BY u.day
      """
    ) { (Day(number: Int32(clamping: $0.integer(0))), $0.integer(1)) }
  }
}

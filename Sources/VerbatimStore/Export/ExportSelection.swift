import VerbatimModel

/// Which exchanges an export holds.
package struct ExportSelection: Sendable {
  /// How an exchange ended.
  package enum Status: String, Sendable, CaseIterable { case normal, error, unanswered }

  /// Whose; decided by the conversation that an exchange is in.
  package var reach: Reach
  /// Only this conversation's, of the account that `reach` names.
  package var conversation: String?
  /// From this day on, in the partition time zone.
  package var firstDay: Day?
  /// Up to and with this day.
  package var lastDay: Day?
  /// The exchange's own app, user and model.
  package var app: String?
  package var user: String?
  package var model: String?
  package var status: Status?
  /// Only what was committed after this position of the feed; 0: whatever there is, also from before the feed.
  package var since: Int64 = 0
  /// Only what was committed up to this position: it makes an export of many pages that of one moment.
  package var end: Int64

  package init(_ reach: Reach, end: Int64) {
    self.reach = reach
    self.end = end
  }

  func contains(_ day: Day) -> Bool {
    if let firstDay, day < firstDay { return false }
    if let lastDay, day > lastDay { return false }
    return true
  }

  /// Whether what was committed by this batch is meant; nil: before there was a feed.
  func contains(batch: Int64?) -> Bool {
    guard let batch else { return since == 0 }
    return batch > since && batch <= end
  }
}

/// An exchange and whose it is.
package struct ExportedExchange: Sendable {
  package let account: String
  package var exchange: StoredExchange
  package internal(set) var conversationName = ""
}

/// A piece of an export, and where the next begins; nil at the end.
package struct ExportPage: Sendable {
  package var exchanges: [ExportedExchange]
  package var next: ExportPlace?
}

/// Where an export goes on.
package enum ExportPlace: Sendable, Equatable {
  /// Behind a row of one of a day's tables: 0 and 1 hold messages, 2 and 3 failures.
  case row(day: Day, table: Int, after: UUIDv7)
  /// Behind a position of the feed.
  case batch(Int64)
  /// Within an entry of the feed, behind one of its exchanges in the order of their ids.
  case entry(Int64, after: UUIDv7)
}

import Databases

/// The tables that hold a day's messages and failed exchanges: the one place where their names come from.
struct Partition: Sendable {
  let messages: BulkInsert
  let failures: BulkInsert

  init(suffix: String) {
    messages = BulkInsert(into: "conversation_histories" + suffix, HistoryColumns.columns)
    failures = BulkInsert(
      into: "error_conversation_histories" + suffix, HistoryColumns.columns + HistoryColumns.failureColumns)
  }

  /// One table for all days.
  static let whole = Partition(suffix: "")
}

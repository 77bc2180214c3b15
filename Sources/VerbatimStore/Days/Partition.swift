import Databases

/// The tables that hold messages and failed exchanges, of one day or of all: the one place where their names come from.
struct Partition: Sendable {
  let messages: BulkInsert
  let failures: BulkInsert

  private init(suffix: String) {
    messages = BulkInsert(into: Self.messageTable + suffix, HistoryColumns.columns)
    failures = BulkInsert(into: Self.errorTable + suffix, HistoryColumns.columns + HistoryColumns.failureColumns)
  }

  /// The tables of one day.
  init(day: Day) { self.init(suffix: day.tableSuffix) }

  /// One table for all days.
  static let whole = Partition(suffix: "")

  /// The names of these.
  static let wholeTables: Set<String> = [messageTable, errorTable]

  private static let messageTable = "conversation_histories"
  private static let errorTable = "error_conversation_histories"

  /// `conversation_histories_2025_01_15`
  static func messageTable(of day: Day) -> String { messageTable + day.tableSuffix }

  /// `error_conversation_histories_2025_01_15`
  static func errorTable(of day: Day) -> String { errorTable + day.tableSuffix }

  static func isErrorTable(_ name: String) -> Bool { name.hasPrefix(errorTable) }

  /// The day whose table has this name; nil for every other table.
  static func day(ofTable name: String) -> Day? {
    let base: String = isErrorTable(name) ? errorTable : messageTable
    guard let day = Day(tableSuffix: name.dropFirst(base.count)), name.hasPrefix(base) else { return nil }
    return day
  }
}

extension Day {
  fileprivate var tableSuffix: String {
    let text = String(100_000_000 + number).dropFirst()
    return "_\(text.prefix(4))_\(text.dropFirst(4).prefix(2))_\(text.suffix(2))"
  }

  fileprivate init?(tableSuffix: Substring) {
    guard let day = Day(text: tableSuffix.dropFirst(), separator: "_"), day.tableSuffix == tableSuffix else {
      return nil
    }
    self = day
  }
}

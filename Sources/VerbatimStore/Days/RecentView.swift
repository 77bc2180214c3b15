import Databases

/// A view over the messages of some days, for people who look into the database by hand; the program never reads it, and
/// takes it away when it drops a table that it may show.
enum RecentView {
  static let name = "verbatim_recent_histories"
  /// SQLite takes no more than 500 parts of one query.
  static let longest = 400

  /// `tables`: of messages, at least one.
  static func script(over tables: [String]) -> String {
    let selects: [String] = tables.map { "SELECT \(HistoryColumns.list) FROM \($0)" }
    return """
      DROP VIEW IF EXISTS \(name);
      CREATE VIEW \(name) AS
      \(selects.joined(separator: "\nUNION ALL\n"))
      """
  }
}

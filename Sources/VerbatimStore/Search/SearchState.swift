import Databases
import VerbatimModel

/// What the index remembers of itself, in `verbatim_search_state`.
enum SearchState: String {
  /// How texts were taken apart when it was made.
  case version
  /// Whatever the feed gives up to here is in it.
  case feed
  /// Who builds it, and until when nobody else does.
  case lease
  /// How many days it is made anew of, while it is.
  case rebuild

  /// To be raised with every change of what terms a text has.
  static let currentVersion = "2"
}

/// A day in the index.
struct SearchDay: Sendable, Equatable {
  /// `rescanning`: it was whole, and what it had goes on answering until it is scanned again.
  enum State: Int64 { case scanning, whole, rescanning }

  let day: Day
  var state: State
  /// Messages before it are still to be scanned; nil: all are.
  var position: UUIDv7?
  /// Segments up to this one go when the scan has ended.
  var replaced: Int64

  init(day: Day, state: State, position: UUIDv7? = nil, replaced: Int64 = 0) {
    self.day = day
    self.state = state
    self.position = position
    self.replaced = replaced
  }
}

extension Connection {
  func searchState(_ state: SearchState) throws -> String? {
    try first("SELECT value FROM verbatim_search_state WHERE name = \(state.rawValue)") { $0.text(0) }
  }

  func setSearchState(_ state: SearchState, to value: String) throws {
    try insert(.searchState, rows: 1) { _, binds in
      binds.text(state.rawValue)
      binds.text(value)
    }
  }

  /// Of the days of the register `p`, those that hold what is searched.
  private static let holdsTexts: SQL =
    "(p.messages > 0 OR p.errors > 0) AND p.state NOT IN ('emptied', 'dropped')"

  func removeSearchState(_ state: SearchState) throws {
    try execute("DELETE FROM verbatim_search_state WHERE name = \(state.rawValue)")
  }

  /// Begins an index that holds nothing yet, or one that was made otherwise: all days are to be scanned, while the feed
  /// is followed from `position` on. What was there goes with the scan of its day.
  func beginSearchIndex(followingFrom position: Int64) throws {
    try rescanSearchDays()
    try setSearchState(.feed, to: "\(position)")
    try setSearchState(.version, to: SearchState.currentVersion)
  }

  /// All days that hold texts are to be scanned; answers how many they are. `wholeBecome`: what becomes of those that
  /// were whole.
  @discardableResult func rescanSearchDays(wholeBecome state: SearchDay.State = .scanning) throws -> Int {
    let last: Int64 = try first("SELECT coalesce(max(id), 0) FROM verbatim_search_segments") { $0.integer(0) } ?? 0
    let whole: Set<Day> = Set(
      try query("SELECT day FROM verbatim_search_days WHERE state <> \(SearchDay.State.scanning.rawValue)") {
        Day(number: Int32(clamping: $0.integer(0)))
      })
    let days: [SearchDay] = try query(
      """
      SELECT p.day FROM verbatim_partitions AS p WHERE \(Self.holdsTexts)
      UNION
      SELECT day FROM verbatim_search_segments
      ORDER BY day
      """
    ) { row in
      let day = Day(number: Int32(clamping: row.integer(0)))
      return SearchDay(day: day, state: whole.contains(day) ? state : .scanning, replaced: last)
    }
    try enter(days)
    return days.count
  }

  func enter(_ days: [SearchDay]) throws {
    try insert(.searchDays, rows: days.count) { index, binds in
      let day: SearchDay = days[index]
      binds.integer(Int64(day.day.number))
      binds.integer(day.state.rawValue)
      if let position = day.position { binds.id(position) } else { binds.null() }
      binds.integer(day.replaced)
    }
  }

  /// nil for a day that the index does not know.
  func searchDay(_ day: Day) throws -> SearchDay? {
    try first("SELECT state, position, replaced FROM verbatim_search_days WHERE day = \(day.number)") { row in
      SearchDay(
        day: day, state: SearchDay.State(rawValue: row.integer(0)) ?? .scanning,
        position: row.isNull(1) ? nil : try row.uuid(1), replaced: row.integer(2))
    }
  }

  /// Days that are to be scanned, newest first: entered so, or holding messages and not entered.
  func unscannedDays(limit: Int) throws -> [Day] {
    try query(
      """
      SELECT day FROM verbatim_search_days WHERE state <> \(SearchDay.State.whole.rawValue)
      UNION
      SELECT p.day
      FROM verbatim_partitions AS p
      LEFT JOIN verbatim_search_days AS d ON d.day = p.day
      WHERE d.day IS NULL AND \(Self.holdsTexts)
      ORDER BY day DESC
      LIMIT \(limit)
      """
    ) { Day(number: Int32(clamping: $0.integer(0))) }
  }

  /// Whether messages of these days are not in the index yet.
  func isIndexBehind(from first: Day, to last: Day) throws -> Bool {
    guard try searchState(.version) != nil else { return true }
    return try self.first(
      """
      SELECT day
      FROM verbatim_search_days
      WHERE state = \(SearchDay.State.scanning.rawValue) AND day >= \(first.number) AND day <= \(last.number)
      UNION ALL
      SELECT p.day
      FROM verbatim_partitions AS p
      LEFT JOIN verbatim_search_days AS d ON d.day = p.day
      WHERE d.day IS NULL AND \(Self.holdsTexts)
        AND p.day >= \(first.number) AND p.day <= \(last.number)
      LIMIT 1
      """
    ) { _ in true } ?? false
  }

  /// Milliseconds after a commit for which nobody misses it in the index.
  private static let indexingDelay: Int64 = 2_000

  /// Whether something that was committed a while ago is not taken in yet. Looks at the feed's next entry alone.
  func isIndexBehindFeed(now: Int64) throws -> Bool {
    guard let position = try searchState(.feed).flatMap({ Int64($0) }) else { return true }
    // Entries that only close a number say no time.
    let committed: Int64? = try first(
      """
      SELECT committed_at
      FROM verbatim_batches
      WHERE seq > \(position) AND committed_at > 0
      ORDER BY seq
      LIMIT 1
      """
    ) { $0.integer(0) }
    return committed.map { now - $0 > Self.indexingDelay } ?? false
  }

  /// Days in the index of which nothing, or no text, is left in the history.
  func goneSearchDays() throws -> [Day] {
    try query(
      """
      SELECT d.day
      FROM verbatim_search_days AS d
      LEFT JOIN verbatim_partitions AS p ON p.day = d.day
      WHERE p.day IS NULL OR (p.messages <= 0 AND p.errors <= 0) OR p.state IN ('emptied', 'dropped')
      """
    ) { Day(number: Int32(clamping: $0.integer(0))) }
  }

  /// Takes a day out of the index.
  func forgetSearchDay(_ day: Day) throws {
    try execute("DELETE FROM verbatim_search_days WHERE day = \(day.number)")
    try execute("DELETE FROM verbatim_search_removals WHERE day = \(day.number)")
    try retireSegments(liveSegments(of: day).map(\.id))
  }

  /// Empties the index; whoever builds it begins anew.
  func forgetSearchIndex() throws {
    for table in Migration.searchTables { try execute("DELETE FROM \(identifier: table)") }
  }
}

import Databases
import VerbatimModel

/// Reads what an export holds, a page at a time.
///
/// What belongs to it is fixed by two positions of the feed, so each page may be read from a snapshot of its own: what is
/// committed meanwhile lies behind the end. The whole history goes day by day in the order of ids; what was committed
/// since a position, entry by entry of the feed.
extension Store {
  /// The first page, or the one that begins at `place`; about a megabyte, or one exchange that is larger.
  package func exportPage(_ selection: ExportSelection, from place: ExportPlace?) async throws -> ExportPage {
    if selection.since > 0, selection.conversation == nil {
      return try await feedPage(selection, from: place ?? .batch(selection.since))
    }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        try connection.exportPage(selection, from: place, calendar: calendar, keys: keys, absent: absent)
      }
    }
  }

  /// About how many exchanges it holds at most, as far as counters tell without looking at rows; 0 where they do not.
  package func exportEstimate(_ selection: ExportSelection) async throws -> Int64 {
    try await reading { connection in
      if let conversation = selection.conversation {
        return try connection.first(
          """
          SELECT dialogue_count + error_count
          FROM conversations
          WHERE id = \(conversation) AND \(selection.reach.condition())
          """
        ) { $0.integer(0) } ?? 0
      }
      // Counters of apps and users go by what exchanges name, and not by their conversations.
      if selection.since > 0 || selection.reach.isNarrow { return 0 }
      return try connection.exchangeCount(selection)
    }
  }

  private func feedPage(_ selection: ExportSelection, from place: ExportPlace) async throws -> ExportPage {
    let (position, begun): (Int64, UUIDv7?) =
      switch place {
      case .batch(let number): (number, nil)
      case .entry(let number, let id): (number - 1, id)
      case .row: (selection.since, nil)
      }
    let feed: FeedPage = try await feed(after: position, limit: Self.entriesAtOnce)
    let committed: [CommittedExchange] = feed.entries.prefix { $0.number <= selection.end }.flatMap { entry in
      let start: UUIDv7? = entry.number == position + 1 ? begun : nil
      return entry.exchanges.filter { exchange in
        selection.contains(exchange.day) && start.map { $0 < exchange.id } ?? true
      }.sorted { $0.id < $1.id }.map { CommittedExchange(entry: entry.number, exchange: $0) }
    }
    let end: ExportPlace? = feed.hasMore && feed.position < selection.end ? .batch(feed.position) : nil
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        let (exchanges, rest) = try connection.exported(
          selection, committed, calendar: calendar, keys: keys, absent: absent)
        return ExportPage(exchanges: exchanges, next: rest ?? end)
      }
    }
  }

  private static let entriesAtOnce = 200
}

extension Connection {
  /// Of the days that still hold some.
  fileprivate func exchangeCount(_ selection: ExportSelection) throws -> Int64 {
    let number: String = try dialect().wholeNumber
    let days: SQL = """
      day >= \(selection.firstDay?.number ?? 0) AND day <= \(selection.lastDay?.number ?? .max)
      """
    guard let account = selection.reach.account else {
      return try first(
        """
        SELECT CAST(coalesce(sum(exchanges + errors), 0) AS \(unsafeSQL: number))
        FROM verbatim_partitions
        WHERE \(days)
        """
      ) { $0.integer(0) } ?? 0
    }
    return try first(
      """
      SELECT CAST(coalesce(sum(exchanges), 0) AS \(unsafeSQL: number))
      FROM verbatim_usage_totals
      WHERE grain = \(UsageGrain.account.rawValue) AND account_id = \(account) AND \(days)
        AND day IN (SELECT p.day FROM verbatim_partitions AS p WHERE p.exchanges + p.errors > 0)
      """
    ) { $0.integer(0) } ?? 0
  }
}

extension Dialect {
  /// The name that CAST knows 64-bit integers by.
  fileprivate var wholeNumber: String { family == .mysql ? "SIGNED" : "BIGINT" }
}

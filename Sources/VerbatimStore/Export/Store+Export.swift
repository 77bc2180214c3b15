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
      guard case .batch(let position) = place else { return try await feedPage(selection, after: selection.since) }
      return try await feedPage(selection, after: position)
    }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        try connection.exportPage(selection, from: place, calendar: calendar, keys: keys, absent: absent)
      }
    }
  }

  /// About how many exchanges it holds at most, as far as counters tell without looking at rows.
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
      if selection.since > 0 { return 0 }
      return try connection.first(
        """
        SELECT CAST(coalesce(sum(exchanges + errors), 0) AS \(unsafeSQL: try connection.dialect().wholeNumber))
        FROM verbatim_partitions
        WHERE day >= \(selection.firstDay?.number ?? 0) AND day <= \(selection.lastDay?.number ?? .max)
        """
      ) { $0.integer(0) } ?? 0
    }
  }

  private func feedPage(_ selection: ExportSelection, after position: Int64) async throws -> ExportPage {
    let feed: FeedPage = try await feed(after: position, limit: Self.entriesAtOnce)
    var batches: [UUIDv7: Int64] = [:]
    var days: [Day: [UUIDv7]] = [:]
    var next: ExportPlace? = feed.hasMore && feed.position < selection.end ? .batch(feed.position) : nil
    for entry in feed.entries where entry.number <= selection.end {
      if batches.count >= Self.exchangesAtOnce {
        next = .batch(entry.number - 1)
        break
      }
      for exchange in entry.exchanges where selection.contains(exchange.day) {
        batches[exchange.id] = entry.number
        days[exchange.day, default: []].append(exchange.id)
      }
    }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    let (wanted, ids): ([UUIDv7: Int64], [Day: [UUIDv7]]) = (batches, days)
    let exchanges: [ExportedExchange] = try await readingHistory { connection, absent in
      try connection.snapshot {
        try connection.exported(
          selection, ids, batches: wanted, calendar: calendar, keys: keys, absent: absent)
      }
    }
    return ExportPage(exchanges: exchanges, next: next)
  }

  private static let entriesAtOnce = 200
  private static let exchangesAtOnce = 500
}

extension Dialect {
  /// The name that CAST knows 64-bit integers by.
  fileprivate var wholeNumber: String { family == .mysql ? "SIGNED" : "BIGINT" }
}

import Databases
import VerbatimModel

/// Takes into the index what was committed since.
extension SearchIndexer {
  private static let entriesAtOnce = 64
  private static let exchangesAtOnce = 1_024
  /// Exchanges whose times lie further apart are read by themselves.
  private static let nearness: Int64 = 1_000

  /// Some of what the feed gives; answers whether there was anything.
  func follow() async throws -> Bool {
    let (position, floor): (Int64, Int64) = try await store.database.read { connection in
      (try connection.searchState(.feed).flatMap { Int64($0) } ?? 0, try connection.feedFloor())
    }
    guard position >= floor else {
      // What lies between was deleted before it was taken in.
      try await beginAnew()
      return true
    }
    let page: FeedPage = try await store.feed(after: position, limit: Self.entriesAtOnce)
    guard page.position > position else { return false }
    var (taken, count) = (0, 0)
    while taken < page.entries.count, count < Self.exchangesAtOnce {
      count += page.entries[taken].exchanges.count
      taken += 1
    }
    let end: Int64 = taken < page.entries.count ? page.entries[taken - 1].number : page.position
    let exchanges: [FeedExchange] = page.entries.prefix(taken).flatMap(\.exchanges)
    try await index(exchanges, upTo: end)
    return true
  }

  /// What one day gets.
  private struct Part: Sendable {
    let day: Day
    let builder: SearchSegmentBuilder
    /// nil for one that is small enough to be written where it is published.
    let segment: Int64?
    let rows: [SearchTermRow]
  }

  /// All days in one transaction, with the position.
  private func index(_ exchanges: [FeedExchange], upTo position: Int64) async throws {
    var parts: [Part] = []
    for (day, exchanges) in Dictionary(grouping: exchanges, by: \.day).sorted(by: { $0.key > $1.key }) {
      var builder = SearchSegmentBuilder()
      for message in try await messages(of: exchanges.map(\.id), on: day) { builder.add(message) }
      guard !builder.isEmpty else { continue }
      let rows: [SearchTermRow] = builder.rows()
      let isSmall: Bool = rows.count <= Self.termsAtOnce && parts.isEmpty
      let segment: Int64? = isSmall ? nil : try await write(rows, ofSegmentOn: day)
      parts.append(Part(day: day, builder: builder, segment: segment, rows: isSmall ? rows : []))
    }
    let written: [Part] = parts
    try await publish { connection in
      for part in written {
        let segment: Int64 = try part.segment ?? connection.beginSegment(of: part.day)
        try connection.addTerms(part.rows[...], to: segment)
        try connection.publish(segment, part.builder.ids, sealed: part.builder.sealedCount)
        // Days that held messages when the index was begun are known.
        if try connection.searchDay(part.day) == nil { try connection.enter([SearchDay(day: part.day, state: .whole)]) }
      }
      try connection.setSearchState(.feed, to: "\(position)")
    }
  }

  /// Newest first. An exchange's rows have its time, so exchanges of about one time are one range of ids.
  private func messages(of exchanges: [UUIDv7], on day: Day) async throws -> [IndexedMessage] {
    let keys: ContentKeys = store.contentKeys
    let groups: [[UUIDv7]] = Self.groups(of: exchanges)
    return try await store.readingHistory { connection, absent in
      let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
      let tables: [SearchedTable] = place.searchedTables(without: absent)
      return try groups.flatMap { group in
        let ids: Range<UUIDv7> =
          .lowest(at: group[group.count - 1].milliseconds)..<(.lowest(at: group[0].milliseconds + 1))
        return try connection.indexedMessages(of: group, in: tables, ids, keys)
      }.sorted { $0.id > $1.id }
    }
  }

  /// Newest first.
  private static func groups(of exchanges: [UUIDv7]) -> [[UUIDv7]] {
    var groups: [[UUIDv7]] = []
    for id in Set(exchanges).sorted(by: >) {
      if let last = groups.last?.last, last.milliseconds - id.milliseconds <= nearness,
        groups[groups.count - 1].count < 500
      {
        groups[groups.count - 1].append(id)
      } else {
        groups.append([id])
      }
    }
    return groups
  }
}

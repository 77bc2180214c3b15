import Databases
import VerbatimModel

/// Takes into the index what was committed since.
extension SearchIndexer {
  private static let entriesAtOnce = 64
  private static let exchangesAtOnce = 1_024
  private static let bytesReadAtOnce = 8 << 20
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

  /// A segment of one day.
  private struct Part: Sendable {
    let day: Day
    let ids: [UUIDv7]
    let sealed: Int
    /// nil for one that is small enough to be written where it is published.
    let segment: Int64?
    let rows: [SearchTermRow]
  }

  /// Exchanges of a day whose messages are not read yet.
  private struct Unread: Sendable {
    /// Newest first.
    var groups: ArraySlice<[UUIDv7]>
    /// Of the first group, what lies before it; nil for all.
    var upper: UUIDv7?
  }

  /// All days in one transaction, with the position. What is read is taken apart page by page, and written before it is
  /// much.
  private func index(_ exchanges: [FeedExchange], upTo position: Int64) async throws {
    var parts: [Part] = []
    for (day, exchanges) in Dictionary(grouping: exchanges, by: \.day).sorted(by: { $0.key > $1.key }) {
      var builder = SearchSegmentBuilder()
      var unread = Unread(groups: Self.groups(of: exchanges.map(\.id))[...])
      while !unread.groups.isEmpty {
        let messages: [IndexedMessage]
        (messages, unread) = try await read(unread, on: day)
        for message in messages { builder.add(message) }
        guard builder.size >= Self.bytesAtOnce else { continue }
        parts.append(try await part(of: builder, on: day, isFirst: false))
        builder = SearchSegmentBuilder()
      }
      if !builder.isEmpty { parts.append(try await part(of: builder, on: day, isFirst: parts.isEmpty)) }
    }
    let written: [Part] = parts
    try await publish { connection in
      for part in written {
        let segment: Int64 = try part.segment ?? connection.beginSegment(of: part.day)
        try connection.addTerms(part.rows[...], to: segment)
        try connection.publish(segment, part.ids, sealed: part.sealed)
        // Days that held messages when the index was begun are known.
        if try connection.searchDay(part.day) == nil { try connection.enter([SearchDay(day: part.day, state: .whole)]) }
      }
      try connection.setSearchState(.feed, to: "\(position)")
    }
  }

  private func part(of builder: SearchSegmentBuilder, on day: Day, isFirst: Bool) async throws -> Part {
    let rows: [SearchTermRow] = builder.rows()
    let isSmall: Bool = isFirst && rows.count <= Self.termsAtOnce
    return Part(
      day: day, ids: builder.ids, sealed: builder.sealedCount,
      segment: isSmall ? nil : try await write(rows, ofSegmentOn: day), rows: isSmall ? rows : [])
  }

  /// Some messages, newest first, and what is left. An exchange's rows have its time, so exchanges of about one time are
  /// one range of ids.
  private func read(_ unread: Unread, on day: Day) async throws -> ([IndexedMessage], Unread) {
    let keys: ContentKeys = store.contentKeys
    return try await store.readingHistory { connection, absent in
      let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
      let tables: [SearchedTable] = place.searchedTables(without: absent)
      var unread: Unread = unread
      var found: [IndexedMessage] = []
      var size = 0
      while let group = unread.groups.first, size < Self.bytesReadAtOnce {
        let upper: UUIDv7 = unread.upper ?? .lowest(at: group[0].milliseconds + 1)
        let (messages, rest) = try connection.indexedMessages(
          of: group, in: tables, .lowest(at: group[group.count - 1].milliseconds)..<upper, keys)
        found += messages
        size += messages.reduce(0) { $0 + ($1.content?.count ?? 0) }
        unread.upper = rest
        if rest == nil { unread.groups.removeFirst() }
      }
      return (found.sorted { $0.id > $1.id }, unread)
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

import Databases
import VerbatimModel

/// Takes days into the index, from what they hold.
extension SearchIndexer {
  private static let documentsAtOnce = 8_192
  static let bytesAtOnce = 12 << 20

  /// One segment of the newest day that is to be scanned; answers whether there is one.
  func scanSome() async throws -> Bool {
    guard let day = try await store.database.read({ try $0.unscannedDays(limit: 1) }).first else { return false }
    var scan: SearchDay =
      try await store.database.read { try $0.searchDay(day) } ?? SearchDay(day: day, state: .scanning)
    var builder = SearchSegmentBuilder()
    var isMore = true
    while isMore, builder.ids.count < Self.documentsAtOnce, builder.size < Self.bytesAtOnce {
      let messages: [IndexedMessage] = try await self.messages(before: scan.position, of: day)
      for message in messages { builder.add(message) }
      isMore = messages.last != nil
      scan.position = messages.last?.id ?? scan.position
      try Task.checkCancellation()
    }
    if !isMore { scan.state = .whole }
    try await publish(builder, scan)
    return true
  }

  private func publish(_ builder: SearchSegmentBuilder, _ scan: SearchDay) async throws {
    let (ids, sealed): ([UUIDv7], Int) = (builder.ids, builder.sealedCount)
    let segment: Int64? = builder.isEmpty ? nil : try await write(builder.rows(), ofSegmentOn: scan.day)
    try await publish { connection in
      // What was asked for meanwhile begins at the day's end again.
      guard try connection.searchDay(scan.day).map({ $0.replaced == scan.replaced }) ?? true else {
        return try connection.retireSegments(segment.map { [$0] } ?? [])
      }
      if let segment { try connection.publish(segment, ids, sealed: sealed) }
      try connection.enter([scan])
      guard scan.state == .whole else { return }
      try connection.retireSegments(connection.liveSegments(of: scan.day).map(\.id).filter { $0 <= scan.replaced })
    }
    guard scan.state == .whole else { return }
    try await deleteUnseen()
    try await noteRebuilt()
  }

  private func messages(before position: UUIDv7?, of day: Day) async throws -> [IndexedMessage] {
    let (keys, ids): (ContentKeys, Range<UUIDv7>) = (store.contentKeys, store.calendar.ids(of: day))
    let upper: UUIDv7 = min(position ?? ids.upperBound, ids.upperBound)
    guard ids.lowerBound < upper else { return [] }
    return try await store.readingHistory { connection, absent in
      let place: DayPlace = try connection.dayPlace(of: day) ?? .unentered(day)
      return try connection.indexedMessages(
        in: place.searchedTables(without: absent), ids.lowerBound..<upper, keys)
    }
  }

  private func noteRebuilt() async throws {
    let isOver: Bool = try await store.database.read { connection in
      try connection.searchState(.rebuild) != nil && connection.unscannedDays(limit: 1).isEmpty
    }
    if isOver { try await store.writing { try $0.removeSearchState(.rebuild) } }
  }
}

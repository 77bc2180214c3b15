import Databases
import VerbatimModel

/// Walks the index from the newest message to the oldest, over as many segments as it takes.
struct SearchWalk: Sendable {
  /// Segments are asked for together, more each time: what is common is found in the first.
  private static let firstSegments = 2
  private static let mostSegments = 32
  private static let segmentsRead = 128

  private let plan: SearchPlan
  private let ids: Range<UUIDv7>
  /// Those that were not asked yet, of the latest end first.
  private var waiting: ArraySlice<SearchSegment> = []
  /// Segments before this day were not read.
  private var unreadDay: Int64?
  private var open: [SegmentCandidates] = []
  private var segmentsAtOnce = SearchWalk.firstSegments
  private var last: UUIDv7?
  private(set) var hasSealed = false

  /// `ids`: what lies outside is passed over; they end on `lastDay`.
  init(_ plan: SearchPlan, _ ids: Range<UUIDv7>, lastDay: Day) {
    self.plan = plan
    self.ids = ids
    unreadDay = Int64(lastDay.number) + 1
  }

  /// The next messages that may be results, newest first; fewer than `count` at the end.
  mutating func next(_ count: Int, on connection: isolated Connection) throws -> [UUIDv7] {
    var found: [UUIDv7] = []
    while found.count < count, let id = try next(on: connection) {
      if id != last { found.append(id) }
      last = id
    }
    return found
  }

  private mutating func next(on connection: isolated Connection) throws -> UUIDv7? {
    while true {
      var best: (index: Int, id: UUIDv7)?
      for index in open.indices {
        // What ends before the best cannot begin with a better one.
        if let best, open[index].segment.lastID < best.id { continue }
        if let id = try open[index].first(on: connection), id > best?.id ?? .beforeAll { best = (index, id) }
      }
      if waiting.isEmpty { try readSegments(on: connection) }
      if let next = waiting.first, next.lastID >= best?.id ?? .beforeAll {
        try openSegments(on: connection)
        continue
      }
      guard let best, best.id >= ids.lowerBound else { return nil }
      open[best.index].removeFirst()
      return best.id
    }
  }

  private mutating func openSegments(on connection: isolated Connection) throws {
    let group: [SearchSegment] = Array(waiting.prefix(segmentsAtOnce))
    waiting = waiting.dropFirst(group.count)
    segmentsAtOnce = min(segmentsAtOnce * 2, Self.mostSegments)
    if group.contains(where: { $0.sealed > 0 }) { hasSealed = true }
    open.removeAll(where: \.isEmpty)
    for var candidates in try connection.candidates(of: group, by: plan) {
      try candidates.skip(notBefore: ids.upperBound, on: connection)
      if !candidates.isEmpty { open.append(candidates) }
    }
  }

  /// Whole days, so that what waits is always of days before those that were read.
  private mutating func readSegments(on connection: isolated Connection) throws {
    while waiting.isEmpty, let day = unreadDay {
      var page: [SearchSegment] = try segments(before: day, on: connection)
      unreadDay = nil
      if page.count == Self.segmentsRead, let newest = page.first?.day, let oldest = page.last?.day {
        // Of the oldest there may be more.
        if newest == oldest {
          page = try connection.liveSegments(of: oldest)
        } else {
          page.removeAll { $0.day == oldest }
        }
        unreadDay = page.last.map { Int64($0.day.number) }
      }
      if let oldest = page.last, oldest.firstID < ids.lowerBound { unreadDay = nil }
      waiting =
        page.filter { $0.lastID >= ids.lowerBound && $0.firstID < ids.upperBound }
        .sorted { $0.lastID > $1.lastID }[...]
    }
  }

  /// Newest day first.
  private func segments(before day: Int64, on connection: isolated Connection) throws -> [SearchSegment] {
    try connection.query(
      """
      SELECT \(unsafeSQL: SearchSegment.columns)
      FROM verbatim_search_segments
      WHERE state = \(SearchSegment.State.live.rawValue) AND day < \(day)
      ORDER BY day DESC
      LIMIT \(Self.segmentsRead)
      """
    ) { try SearchSegment($0) }
  }
}

import Databases
import VerbatimModel

/// A page of a search: the index names messages, newest first, and they are looked at until the page is full.
extension Connection {
  /// Messages that one page looks at.
  private static let mostLooked = 5_000
  /// Of the newest that match so many are put in order of rank.
  static let mostRanked = 500
  private static let longest: Duration = .seconds(2)
  private static let lookedAtOnce = 128
  /// After so many it is asked whether there is time for more: a message may be large.
  private static let lookedWithoutPause = 32

  func searchPage(
    _ request: SearchRequest, _ calendar: PartitionCalendar, _ keys: ContentKeys, now: Int64, absent: Set<String>
  ) throws -> SearchPage {
    let ids: Range<UUIDv7> = Self.ids(of: request)
    guard ids.lowerBound < ids.upperBound else { return SearchPage() }
    let lastDay: Day = calendar.day(of: ids.upperBound.milliseconds)
    var search = RunningSearch(
      walk: SearchWalk(SearchPlan(request), ids, lastDay: lastDay),
      messages: FoundMessages(request, calendar, keys, absent: absent))
    var page: SearchPage = try request.sort == .time ? newest(request, &search) : best(request, &search)
    if page.limit == nil {
      let firstDay: Day = calendar.day(of: ids.lowerBound.milliseconds)
      if try isIndexBehind(from: firstDay, to: lastDay) || isIndexBehindFeed(now: now) { page.limit = .indexing }
    }
    if page.limit == nil, search.walk.hasSealed { page.limit = .encrypted }
    return page
  }

  private static func ids(of request: SearchRequest) -> Range<UUIDv7> {
    let times: Range<Int64> = request.times ?? 0..<UUIDv7.maximumMilliseconds
    let upper: UUIDv7 = .lowest(at: times.upperBound)
    let (lower, end) = (UUIDv7.lowest(at: times.lowerBound), min(upper, request.cursor?.newest ?? upper))
    return lower..<max(lower, end)
  }

  /// What a page has done so far.
  private struct RunningSearch {
    var walk: SearchWalk
    var messages: FoundMessages
    var looked = 0
    var lastLooked: UUIDv7?
    var isAtEnd = false
    let start: ContinuousClock.Instant = .now

    var isSpent: Bool { looked >= Connection.mostLooked || start.duration(to: .now) > Connection.longest }
  }

  /// The next results; none at the end, which is noted.
  private func next(_ count: Int, of search: inout RunningSearch) throws -> [SearchResult] {
    let ids: [UUIDv7] = try search.walk.next(count, on: self)
    search.isAtEnd = ids.count < count
    var results: [SearchResult] = []
    for start in stride(from: 0, to: ids.count, by: Self.lookedWithoutPause) {
      if start > 0, search.isSpent {
        search.isAtEnd = false
        break
      }
      let part = Array(ids[start..<min(start + Self.lookedWithoutPause, ids.count)])
      results += try search.messages.results(of: part, on: self)
      search.looked += part.count
      search.lastLooked = part.last
    }
    return results
  }

  private func newest(_ request: SearchRequest, _ search: inout RunningSearch) throws -> SearchPage {
    var page = SearchPage()
    var count: Int = request.limit + 1
    while page.results.count <= request.limit, !search.isAtEnd, !search.isSpent {
      page.results += try next(count, of: &search)
      count = min(count * 2, Self.lookedAtOnce)
    }
    if page.results.count > request.limit {
      page.results.removeLast(page.results.count - request.limit)
      page.next = page.results.last.map { SearchCursor(before: $0.messageID) }
    } else if !search.isAtEnd {
      page.limit = .bound
      page.next = search.lastLooked.map { SearchCursor(before: $0) }
    }
    return page
  }

  private func best(_ request: SearchRequest, _ search: inout RunningSearch) throws -> SearchPage {
    var found: [SearchResult] = []
    while found.count < Self.mostRanked, !search.isAtEnd, !search.isSpent {
      found += try next(Self.lookedAtOnce, of: &search)
    }
    if found.count > Self.mostRanked || !search.isAtEnd { search.isAtEnd = false }
    found = Array(found.prefix(Self.mostRanked))
    var page = SearchPage()
    if !search.isAtEnd { page.limit = .bound }
    let newest: UUIDv7? = request.cursor?.newest ?? found.first?.messageID.adding(1)
    let ranked: [SearchResult] = found.sorted { Self.isBetter(($0.score, $0.messageID), ($1.score, $1.messageID)) }
    let rest: [SearchResult] = ranked.filter { result in
      request.cursor?.last.map { Self.isBetter($0, (result.score, result.messageID)) } ?? true
    }
    page.results = Array(rest.prefix(request.limit))
    if rest.count > request.limit, let newest, let last = page.results.last {
      page.next = SearchCursor(ranked: newest, behind: (last.score, last.messageID))
    }
    return page
  }

  private static func isBetter(_ left: (score: Double, id: UUIDv7), _ right: (score: Double, id: UUIDv7)) -> Bool {
    left.score != right.score ? left.score > right.score : left.id > right.id
  }
}

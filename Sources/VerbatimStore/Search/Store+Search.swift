import Databases
import VerbatimModel

extension Store {
  /// Messages that satisfy a query, of conversations within reach that were not deleted.
  ///
  /// Costs what is looked at, newest first: a page that would look at too much ends early and says so.
  package func search(_ request: SearchRequest) async throws -> SearchPage {
    let (calendar, keys, now) = (calendar, contentKeys, configuration.clock())
    return try await readingHistory { connection, absent in
      try connection.snapshot { try connection.searchPage(request, calendar, keys, now: now, absent: absent) }
    }
  }

  /// Has the index made anew by whoever builds it, while the old one goes on answering.
  @discardableResult package func requestReindex() async throws -> SearchIndexStatus {
    try await writing { connection in
      try connection.transaction {
        let days: Int = try connection.rescanSearchDays(wholeBecome: .rescanning)
        try connection.setSearchState(.rebuild, to: "\(days)")
      }
    }
    return try await searchIndexStatus()
  }

  package func searchIndexStatus() async throws -> SearchIndexStatus {
    try await reading { connection in try connection.snapshot { try connection.searchIndexStatus() } }
  }
}

/// What the search index holds, and what is still to be done.
package struct SearchIndexStatus: Sendable, Equatable {
  package var messages: Int64
  package var days: Int64
  package var segments: Int64
  /// Days that are still to be taken in, or taken in again.
  package var remainingDays: Int64
  /// Of how many days it is made anew; nil where it is not.
  package var rebuiltDays: Int64?

  package init(messages: Int64, days: Int64, segments: Int64, remainingDays: Int64, rebuiltDays: Int64?) {
    self.messages = messages
    self.days = days
    self.segments = segments
    self.remainingDays = remainingDays
    self.rebuiltDays = rebuiltDays
  }
}

extension Connection {
  fileprivate func searchIndexStatus() throws -> SearchIndexStatus {
    let live: Int64 = SearchSegment.State.live.rawValue
    let (segments, messages): (Int64, Int64) =
      try first("SELECT count(*), coalesce(sum(documents), 0) FROM verbatim_search_segments WHERE state = \(live)") {
        ($0.integer(0), $0.integer(1))
      } ?? (0, 0)
    let days: Int64 = try first("SELECT count(*) FROM verbatim_search_days") { $0.integer(0) } ?? 0
    return SearchIndexStatus(
      messages: messages, days: days, segments: segments,
      remainingDays: Int64(try unscannedDays(limit: 100_000).count),
      rebuiltDays: try searchState(.rebuild).flatMap { Int64($0) })
  }
}

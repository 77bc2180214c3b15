import Foundation
import VerbatimModel

/// What is looked for, among what, and in which order.
package struct SearchRequest: Sendable {
  package enum Sort: String, Sendable, CaseIterable {
    /// The best first, of the newest that match.
    case rank
    /// The newest first.
    case time
  }

  package var query: SearchQuery
  package var reach: Reach
  package var role: String?
  package var model: String?
  package var app: String?
  package var user: String?
  /// Unix milliseconds.
  package var times: Range<Int64>?
  package var sort = Sort.rank
  package var limit = 20
  /// Behind which the page begins.
  package var cursor: SearchCursor?

  package init(_ query: SearchQuery, within reach: Reach) {
    self.query = query
    self.reach = reach
  }

  /// What a message has to have in the index beside the words: whoever may see it, and what it is filtered by.
  var properties: [(SearchProperty, String?)] {
    [
      (.account, reach.account), (.app, reach.app), (.user, reach.user), (.app, app), (.user, user), (.role, role),
      (.model, model),
    ]
  }
}

/// A place in what was found. It stays right while messages come and go, since it names a message.
package struct SearchCursor: Sendable, Equatable {
  let sort: SearchRequest.Sort
  /// Messages behind it are looked at.
  let newest: UUIDv7
  /// The last that was given, in the order of rank.
  let last: (score: Double, id: UUIDv7)?

  init(before id: UUIDv7) {
    sort = .time
    newest = id
    last = nil
  }

  init(ranked newest: UUIDv7, behind last: (score: Double, id: UUIDv7)) {
    sort = .rank
    self.newest = newest
    self.last = last
  }

  /// nil for what is none, or of another order.
  package init?(_ text: String, of sort: SearchRequest.Sort) {
    let parts: [Substring] = text.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[0] == sort.rawValue, let newest = UUIDv7(String(parts[1])) else { return nil }
    switch sort {
    case .time:
      guard parts.count == 2 else { return nil }
      self.init(before: newest)
    case .rank:
      guard parts.count == 4, let bits = UInt64(parts[2], radix: 16), let id = UUIDv7(String(parts[3])) else {
        return nil
      }
      self.init(ranked: newest, behind: (Double(bitPattern: bits), id))
    }
  }

  /// As it travels: letters, digits, `-` and `_`.
  package var text: String {
    guard let last else { return "\(sort.rawValue)_\(newest)" }
    return "\(sort.rawValue)_\(newest)_\(String(last.score.bitPattern, radix: 16))_\(last.id)"
  }

  package static func == (left: SearchCursor, right: SearchCursor) -> Bool { left.text == right.text }
}

/// A message that was found.
package struct SearchResult: Sendable, Equatable {
  package let conversationID: String
  package let messageID: UUIDv7
  package let exchangeID: UUIDv7
  package let role: String
  /// HTML: what was found between `<mark>` and `</mark>`, the rest escaped.
  package let snippet: String
  /// Unix milliseconds.
  package let createdAt: Int64
  package let score: Double
}

package struct SearchPage: Sendable, Equatable {
  /// Why a search did not look at everything.
  package enum Limit: String, Sendable {
    /// It would have taken too long: the next page goes on, or a narrower search does.
    case bound
    /// Not everything is in the index yet.
    case indexing
    /// What is encrypted is not in the index.
    case encrypted
  }

  package var results: [SearchResult] = []
  package var next: SearchCursor?
  /// nil where everything was looked at that the page asks for.
  package var limit: Limit?
}

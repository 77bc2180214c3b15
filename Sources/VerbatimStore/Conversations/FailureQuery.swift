import VerbatimModel

/// Which failed exchanges a list holds, newest first.
package struct FailureQuery: Sendable {
  package var reach: Reach
  /// nil for those of all conversations.
  package var conversation: String?
  package var modelName: String?
  package var code: String?
  /// Unix milliseconds within which they were.
  package var created: Range<Int64>?
  /// Behind which, going back, the page begins.
  package var before: UUIDv7?
  package var limit = 20

  package init(_ reach: Reach) { self.reach = reach }

  var ids: Range<UUIDv7> {
    let lower: UUIDv7 = created.map { .lowest(at: $0.lowerBound) } ?? .beforeAll
    let upper: UUIDv7 = min(before ?? .behindAll, created.map { .lowest(at: $0.upperBound) } ?? .behindAll)
    return lower..<max(lower, upper)
  }
}

/// A page of failed exchanges, newest first.
package struct FailurePage: Sendable {
  package var failures: [StoredExchange] = []
  /// Where to go on; nil at the end. A page may hold fewer than its limit, even none, and have one.
  package var next: UUIDv7?
}

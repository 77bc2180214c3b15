/// How long history is kept; nil: for ever. Days are counted back from today in the partition time zone.
package struct Retention: Sendable, Equatable {
  /// Days that are kept whole; those before are dropped.
  package var days: Int?
  /// Days of which the bodies are kept: content, tool calls, requests and whatever else was said.
  package var bodyDays: Int?

  package init(days: Int? = nil, bodyDays: Int? = nil) {
    self.days = days
    self.bodyDays = bodyDays
  }
}

/// What a route asks of its caller.
package enum Need: String, Sendable, Hashable, CaseIterable {
  /// Not even a key.
  case nothing
  /// To store exchanges.
  case ingest
  /// To read, list, search or export.
  case read
  /// To hold or manage conversations.
  case chat
  /// To administer accounts, keys and what is everybody's.
  case admin
}

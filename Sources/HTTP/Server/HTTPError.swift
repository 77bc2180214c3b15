/// What a client did that HTTP does not allow, or that a limit forbids.
package enum HTTPError: Error, Sendable, Equatable {
  case bodyTooLarge(limit: Int)
  /// A request body whose coding (gzip, zstd, chunks) is broken or expands too far.
  case badBody(String)
  case unsupportedCoding(String)
  case peerGone
  case tooSlow
  /// Other bodies have all the memory there is for them.
  case overloaded(retryAfter: Duration)
}

/// Why a server could not start, in one line for a person.
package struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

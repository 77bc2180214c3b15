/// Header fields in the order in which they were sent; names compare without case.
package struct HTTPFields: Sendable, ExpressibleByDictionaryLiteral {
  package private(set) var entries: [(name: String, value: String)]

  package init(dictionaryLiteral elements: (String, String)...) { entries = elements.map { (name: $0.0, value: $0.1) } }

  /// The first value of a name; setting replaces every value of it.
  package subscript(name: String) -> String? {
    get { fatalError("skeleton") }
    set { fatalError("skeleton") }
  }

  package mutating func append(_ name: String, _ value: String) { entries.append((name: name, value: value)) }
}

package struct HTTPRequest: Sendable {
  package var method: String
  /// The path as sent, still percent-encoded, without the query.
  package var path: String
  /// What follows `?`, still encoded; nil when there is none.
  package var query: String?
  package var fields: HTTPFields
  package var body: RequestBody
  /// The peer's address without port.
  package var peerAddress: String
  package var isSecure: Bool
  /// Set by the request-id middleware.
  package var id: String = ""
  /// Percent-decoded path parameters, set by the router.
  package var parameters: [String: String] = [:]

  /// The decoded value of a query parameter (`a=1&b=2`, `+` is a space); the last wins.
  package func queryParameter(_ name: String) -> String? { fatalError("skeleton") }
}

/// A request's body: whole already when it is small, otherwise arriving while it is read, never more than a bounded
/// part in memory.
package struct RequestBody: Sendable {
  /// The next part, or nil at the end.
  /// Throws `HTTPError.bodyTooLarge`, `.badBody`, `.peerGone`, `.tooSlow`.
  package func next() async throws -> ArraySlice<UInt8>? { fatalError("skeleton") }
  /// The whole body with at least 64 bytes of spare capacity behind it.
  package func collect(upTo limit: Int) async throws -> [UInt8] { fatalError("skeleton") }
  package init(_ bytes: [UInt8]) { fatalError("skeleton") }
  /// A body whose parts `next` makes, such as the decoded form of another one. Parts are asked for one after another.
  package init(_ next: @escaping @Sendable () async throws -> ArraySlice<UInt8>?) { fatalError("skeleton") }
}

package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Written as it is made; `write` waits until the peer has taken the bytes and throws when it is gone.
    case stream(@Sendable (ResponseWriter) async throws -> Void)
  }

  package var status: Int
  package var fields: HTTPFields
  package var body: Body

  package init(status: Int, fields: HTTPFields = [:], body: Body = .none) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}

package struct ResponseWriter: Sendable {
  /// A writer that stands before another one, for instance to count.
  package init(_ write: @escaping @Sendable ([UInt8]) async throws -> Void) { fatalError("skeleton") }
  package func write(_ bytes: [UInt8]) async throws { fatalError("skeleton") }
}

/// What a client did that HTTP does not allow, or that a limit forbids.
package enum HTTPError: Error, Sendable, Equatable {
  case bodyTooLarge(limit: Int)
  /// A request body whose coding (gzip, zstd, chunks) is broken or expands too far.
  case badBody(String)
  case unsupportedCoding(String)
  case peerGone
  case tooSlow
}

package typealias Handler = @Sendable (HTTPRequest) async throws -> HTTPResponse

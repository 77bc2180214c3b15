package struct HTTPResponse: Sendable {
  package enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Written as it is made; `write` waits until the peer has taken the bytes and throws when it is gone.
    ///
    /// The head leaves with the first write. A stream that throws before is answered with 500 instead; one that throws
    /// later cuts the connection, so that the client cannot take what it has for the whole.
    case stream(@Sendable (ResponseWriter) async throws -> Void)
  }

  package var status: Int
  /// `Content-Length`, `Transfer-Encoding`, `Date` and `Keep-Alive` are the server's own and left out if set here;
  /// `Connection: close` is obeyed.
  package var fields: HTTPFields
  package var body: Body
  /// How many bytes a stream has, where that is known beforehand: it must write as many, or throw. A stream without a
  /// length leaves in chunks.
  package var streamLength: Int?

  package init(status: Int, fields: HTTPFields = [:], body: Body = .none) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}

package typealias Handler = @Sendable (HTTPRequest) async throws -> HTTPResponse

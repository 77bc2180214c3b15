/// The beginnings of an HTTP client on libcurl's multi interface.
package final class HTTPClient: Sendable {
  package init() { fatalError("skeleton") }

  /// Sends a request and gives the whole answer, at most `limit` bytes of it. Throws `HTTPClientError`.
  package func send(
    _ method: String, _ url: String, fields: HTTPFields = [:], body: [UInt8]? = nil, limit: Int = 64 << 20,
    timeout: Duration = .seconds(60)
  ) async throws -> (status: Int, fields: HTTPFields, body: [UInt8]) { fatalError("skeleton") }
}

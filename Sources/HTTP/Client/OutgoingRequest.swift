/// What a caller asks to send.
package struct OutgoingRequest: Sendable {
  package enum Version: Sendable {
    case http1
    /// Over TLS, where the server offers it. libcurl may hold megabytes there for each answer that is read slowly.
    case http2
  }

  package struct Timeouts: Sendable {
    /// nil: the client's.
    package var connect: Duration?
    /// From the start to the end of the answer's head.
    package var firstByte: Duration?
    /// Between two parts of the answer, while its reader waits for one.
    package var idle: Duration?
    /// For the whole.
    package var total: Duration?

    package init() {}
  }

  package var method: String
  package var url: String
  package var fields: HTTPFields
  package var body: [UInt8]?
  package var timeouts = Timeouts()
  package var version = Version.http1
  /// Whether an answer that comes encoded, though nobody asked for that, is given as what it encodes; its fields stay.
  package var decodesContent = false

  package init(method: String, url: String, fields: HTTPFields = [:], body: [UInt8]? = nil) {
    self.method = method
    self.url = url
    self.fields = fields
    self.body = body
  }
}

extension OutgoingRequest {
  /// Refuses what could end a line early and begin another one.
  func check() throws(HTTPClientError) {
    guard HTTPToken.isToken(method) else { throw HTTPClientError(.invalidRequest, "the method is not a word") }
    guard method != "HEAD" || body == nil else {
      throw HTTPClientError(.invalidRequest, "a HEAD request has no body")
    }
    let scheme = url.prefix { $0 != ":" }.lowercased()
    guard scheme == "http" || scheme == "https" else {
      throw HTTPClientError(.invalidRequest, "the URL begins with neither http:// nor https://")
    }
    guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
      throw HTTPClientError(.invalidRequest, "the URL has spaces or control characters")
    }
    for (name, value) in fields.entries {
      guard HTTPToken.isToken(name), !value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) else {
        throw HTTPClientError(.invalidRequest, "a field has characters that cannot be sent")
      }
    }
  }
}

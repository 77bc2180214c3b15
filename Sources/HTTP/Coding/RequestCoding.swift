/// The codings that a request body may come in.
package enum RequestCoding: Sendable, CaseIterable {
  case gzip
  case zstd

  /// For the `Accept-Encoding` of a 415 answer (RFC 9110, section 12.5.3).
  package static let accepted = "gzip, zstd"

  /// Reads `Content-Encoding`; nil when there is nothing to undo. One coding on top of another is not supported.
  init?(fields: HTTPFields) throws(HTTPError) {
    var found: RequestCoding?
    for name in Self.names(in: fields) where name != "identity" {
      guard found == nil, let coding = RequestCoding(name: name) else { throw .unsupportedCoding(name) }
      found = coding
    }
    guard let found else { return nil }
    self = found
  }

  private init?(name: String) {
    switch name {
    case "gzip", "x-gzip": self = .gzip
    case "zstd": self = .zstd
    default: return nil
    }
  }

  private static func names(in fields: HTTPFields) -> [String] {
    fields.values(of: "Content-Encoding")
      .flatMap { $0.split { $0 == "," || $0 == " " || $0 == "\t" } }
      .map { $0.lowercased() }
  }

  func makeDecoder() throws(HTTPError) -> any ContentDecoder {
    switch self {
    case .gzip: try GzipDecoder()
    case .zstd: try ZstdDecoder()
    }
  }
}

/// The codings that a streamed answer may leave in.
package enum ResponseCoding: String, Sendable, CaseIterable {
  case zstd, gzip

  /// What `Accept-Encoding` likes best of these, zstd first; nil for what is to leave as it is (RFC 9110, section
  /// 12.5.3).
  package init?(accepted fields: HTTPFields) {
    var best: (coding: ResponseCoding, weight: Double)?
    for entry in fields.values(of: "Accept-Encoding").flatMap({ $0.split(separator: ",") }) {
      let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
      guard let name = parts.first, let coding = ResponseCoding(rawValue: name) else { continue }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      let isBetter = best.map { weight > $0.weight || (weight == $0.weight && coding == .zstd) } ?? true
      if weight > 0, isBetter { best = (coding, weight) }
    }
    guard let best else { return nil }
    self = best.coding
  }

  package func makeEncoder() throws(HTTPError) -> any ContentEncoder {
    switch self {
    case .zstd: try ZstdEncoder()
    case .gzip: try GzipEncoder()
    }
  }
}

/// Encodes a body part by part, on one task at a time.
package protocol ContentEncoder: AnyObject {
  /// What is ready of the body so far, which may be nothing; after the last part everything.
  func encode(_ part: [UInt8], isLast: Bool) throws(HTTPError) -> [UInt8]
}

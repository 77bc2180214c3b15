import HTTP

extension HTTPRequest {
  /// The path as an upstream gets it: what the segments mean here, encoded anew. Throws 404 for segments that may mean
  /// something else there, as `..`, or a slash inside of one.
  var upstreamPath: String {
    get throws(APIError) {
      let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        .map { PercentEncoding.decode(Substring($0)) ?? "" }
      guard segments.first == "v1", segments.allSatisfy(\.isPlainSegment) else {
        throw .notFound("there is no \(path)")
      }
      return segments.map { "/" + $0.asPathSegment }.joined()
    }
  }
}

extension String {
  fileprivate var isPlainSegment: Bool {
    !isEmpty && self != "." && self != ".."
      && utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
  }

  /// With everything encoded that could mean something in a path, also where it is one of the names of folders.
  var asPathSegment: String {
    let encoded = PercentEncoding.encode(self)
    return self == "." || self == ".." ? encoded.replacing(".", with: "%2E") : encoded
  }
}

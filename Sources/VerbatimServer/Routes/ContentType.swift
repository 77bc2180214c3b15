import HTTP

/// What a request says its body is.
enum ContentType: Sendable {
  /// `application/json`, `text/json`, `…+json`, or nothing said.
  case json
  /// A line an item.
  case lines

  /// Throws 415 for anything else, and for any character set but UTF-8, which JSON is always in.
  init(_ fields: HTTPFields) throws(APIError) {
    guard let text = fields["Content-Type"] else {
      self = .json
      return
    }
    if text == "application/json" {
      self = .json
      return
    }
    let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map { $0.trimmingSpaces() }
    for parameter in parts.dropFirst() where parameter.hasPrefix("charset=") {
      let charset = parameter.dropFirst(8).filter { $0 != "\"" }
      guard charset == "utf-8" || charset == "utf8" else {
        throw .unsupportedMediaType("the character set \(charset) is not known; JSON is UTF-8")
      }
    }
    switch parts[0] {
    case "application/json", "text/json", "":
      self = .json
    case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
      self = .lines
    case let type where type.hasPrefix("application/") && type.hasSuffix("+json"):
      self = .json
    case "application/x-www-form-urlencoded":
      throw .unsupportedMediaType(
        "the body is sent as a form, as curl -d does; add -H 'Content-Type: application/json'")
    case let type:
      throw .unsupportedMediaType("the body is \(type); it must be application/json")
    }
  }
}

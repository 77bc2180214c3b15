import HTTP
import VerbatimModel

/// Which page of a list is asked for: `limit` and an opaque `cursor`.
struct PageQuery {
  private static let limits = 1...100
  private static let standardLimit = 20

  let limit: Int
  /// Where the page begins: behind what this names; nil for the first.
  let position: String?

  init(_ request: HTTPRequest) throws(APIError) {
    limit = try request.number("limit", within: Self.limits, standard: Self.standardLimit)
    guard let cursor = request.queryParameter("cursor"), !cursor.isEmpty else {
      position = nil
      return
    }
    guard let position = Self.position(of: cursor) else { throw .invalid("cursor is none that this list gave") }
    self.position = position
  }

  /// The cursor of the page behind a position.
  static func cursor(behind position: String) -> String { Base64URL.encode(position.utf8) }

  private static func position(of cursor: String) -> String? {
    Base64URL.decode(cursor).flatMap { String(validating: $0, as: UTF8.self) }
  }
}

import Foundation
import HTTP

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
  static func cursor(behind position: String) -> String {
    Data(position.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }

  private static func position(of cursor: String) -> String? {
    let padded = cursor + String(repeating: "=", count: (4 - cursor.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: padded.replacing("-", with: "+").replacing("_", with: "/")) else { return nil }
    return String(validating: data, as: UTF8.self)
  }
}

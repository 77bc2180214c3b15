/// Why a body cannot be recorded.
package enum InvalidExchange: Error, Equatable, Sendable {
  /// The bytes are not JSON.
  case malformed(offset: Int, reason: String)
  /// A field's value cannot be taken; `limit` is what it exceeds.
  case invalid(field: String, reason: String, limit: Int? = nil)
  /// A field names another app or user than the sender may record for.
  case foreign(field: String)

  static func missing(_ field: String) -> InvalidExchange { .invalid(field: field, reason: "is required") }

  static func empty(_ field: String) -> InvalidExchange { .invalid(field: field, reason: "must not be empty") }

  static func wrongType(_ field: String, expected: String) -> InvalidExchange {
    .invalid(field: field, reason: "must be \(expected)")
  }

  static func unknown(_ field: String) -> InvalidExchange { .invalid(field: field, reason: "is no field of this body") }

  static func tooLong(_ field: String, limit: Int) -> InvalidExchange {
    .invalid(field: field, reason: "is longer than \(limit) characters", limit: limit)
  }

  static func tooLarge(_ field: String, limit: Int) -> InvalidExchange {
    .invalid(field: field, reason: "is larger than \(limit) bytes", limit: limit)
  }

  static func tooMany(_ field: String, limit: Int) -> InvalidExchange {
    .invalid(field: field, reason: "has more than \(limit) items", limit: limit)
  }
}

extension InvalidExchange: CustomStringConvertible {
  /// For a person: `files[3].url is longer than 2048 characters`. It names no value.
  package var description: String {
    switch self {
    case .malformed(let offset, let reason): "not JSON at byte \(offset): \(reason)"
    case .invalid(let field, let reason, _): "\(field) \(reason)"
    case .foreign(let field): "\(field) names another than this key is limited to"
    }
  }
}

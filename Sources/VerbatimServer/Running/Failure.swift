import HTTP
import VerbatimStore

/// What ends a command, as one line for a person.
package enum Failure {
  package static func line(_ error: any Error) -> String {
    switch error {
    case let error as StoreError:
      switch error {
      case .unusable(let reason): reason
      case .unavailable(let reason, _): reason
      case .rejected(let field, let reason): "\(field): \(reason)"
      case .outOfReach: "the conversation belongs to somebody else"
      }
    case let holder as DatabaseHolder:
      "the database is \(holder)"
    default:
      "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
  }
}

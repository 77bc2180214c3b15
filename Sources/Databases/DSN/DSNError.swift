/// What is wrong with a DSN, in words that do not repeat it, since it may hold a password.
package struct DSNError: Error, Sendable, Equatable {
  /// Goes on after the DSN's name: `has no database name`.
  package let problem: String
  /// What would be right: the accepted forms or values.
  package let allowed: String

  init(_ problem: String, allowed: String) {
    self.problem = problem
    self.allowed = allowed
  }
}

extension DSNError: CustomStringConvertible {
  package var description: String { "\(problem); allowed: \(allowed)" }
}

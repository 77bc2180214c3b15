/// Why a command has no reply to give.
package struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The server cannot be reached, was too slow, or has hung up: the command may have been carried out.
    case unavailable
    /// The server's own answer: wrong type, no such script, no memory.
    case refused
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

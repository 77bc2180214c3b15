/// Why a request got no answer, or not all of one.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The URL, method or fields cannot be sent.
    case invalidRequest
    /// The name does not resolve, or nobody listens there. The request was not sent.
    case cannotConnect
    /// Nobody took the connection in time. The request was not sent.
    case connectTimedOut
    /// The head of the answer did not come in time.
    case firstByteTimedOut
    /// The answer began, and then nothing came for too long.
    case idleTimedOut
    /// The whole took longer than it was given.
    case timedOut
    /// No trustworthy connection: the certificate, the name in it, or the handshake.
    case tls
    /// The answer is larger than the caller allowed.
    case tooLarge
    /// The connection broke, or what came was not HTTP. The request may have been carried out.
    case broken
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

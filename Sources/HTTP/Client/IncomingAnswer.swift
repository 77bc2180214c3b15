/// An answer that is read as it arrives.
///
/// What is not read yet is held to about 64 KB; beyond that the connection is read no further until the reader asks for
/// more. Cancelling a task does not end the transfer, `cancel()` does, and so does letting go of this.
package final class IncomingAnswer: Sendable {
  package let status: Int
  package let fields: HTTPFields
  private let transfer: Transfer

  init(_ head: AnswerHead, of transfer: Transfer) {
    status = head.status
    fields = head.fields
    self.transfer = transfer
  }

  deinit { transfer.cancel() }

  /// Whether `next` would answer at once.
  package var hasPart: Bool { transfer.hasPart }

  /// Whether nothing comes any more from the connection.
  package var isOver: Bool { transfer.isOver }

  /// What has arrived since the last call, at least a byte; nil at the end. One caller at a time. Throws
  /// `HTTPClientError` once everything that came before was given, `CancellationError` after `cancel()`.
  package func next() async throws -> [UInt8]? { try await transfer.next() }

  /// Ends the transfer and closes its connection, unless it is over.
  package func cancel() { transfer.cancel() }

  /// What is left, at most `limit` bytes. Throws as `next`, and `.tooLarge`, which ends the transfer.
  package func collect(upTo limit: Int) async throws -> [UInt8] {
    var body: [UInt8] = []
    while let part = try await next() {
      guard part.count <= limit - body.count else {
        cancel()
        throw HTTPClientError(.tooLarge, "the answer is larger than \(limit) bytes")
      }
      if body.isEmpty { body = part } else { body += part }
    }
    return body
  }
}

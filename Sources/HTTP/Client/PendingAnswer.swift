/// An answer whose head is still to come.
package struct PendingAnswer: Sendable {
  private let transfer: Transfer

  init(of transfer: Transfer) { self.transfer = transfer }

  /// Returns once the head is there. Throws `HTTPClientError`, `CancellationError` after `cancel()`. Cancelling the task
  /// does not end it.
  package func answer() async throws -> IncomingAnswer { IncomingAnswer(try await transfer.awaitHead(), of: transfer) }

  /// Ends the transfer and closes its connection.
  package func cancel() { transfer.cancel() }
}

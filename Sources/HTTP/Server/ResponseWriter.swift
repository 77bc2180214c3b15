/// Takes the parts of a streamed answer.
package struct ResponseWriter: Sendable {
  private let send: @Sendable ([UInt8]) async throws -> Void

  /// A writer that stands before another one, for instance to count.
  package init(_ write: @escaping @Sendable ([UInt8]) async throws -> Void) { send = write }

  /// Returns when the bytes are on their way and there is room for more; throws `HTTPError.peerGone` when nobody is
  /// there to take them. Writing nothing sends the head alone.
  package func write(_ bytes: [UInt8]) async throws { try await send(bytes) }
}

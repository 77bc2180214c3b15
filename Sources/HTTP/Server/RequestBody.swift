import Synchronization

/// A request's body: whole already when it is small, otherwise arriving while it is read, never more than a bounded
/// part in memory.
package struct RequestBody: Sendable {
  /// Spare capacity behind a collected body, so that simdjson may read past its end.
  package static let padding = 64

  private enum Source: Sendable {
    case empty
    case whole(WholeBody)
    case parts(@Sendable () async throws -> ArraySlice<UInt8>?)
  }

  private let source: Source
  /// What the body's reader holds in memory is taken from here.
  package var memory: MemoryLease?

  package init(_ bytes: [UInt8]) { source = bytes.isEmpty ? .empty : .whole(WholeBody(bytes)) }

  /// A body whose parts `next` makes, such as the decoded form of another one. Parts are asked for one after another.
  package init(_ next: @escaping @Sendable () async throws -> ArraySlice<UInt8>?) { source = .parts(next) }

  /// Whether all of it is here already.
  var isWhole: Bool {
    if case .parts = source { false } else { true }
  }

  /// The next part, or nil at the end. One caller at a time.
  /// Throws `HTTPError.bodyTooLarge`, `.badBody`, `.peerGone`, `.tooSlow`.
  package func next() async throws -> ArraySlice<UInt8>? {
    switch source {
    case .empty: nil
    case .whole(let body): body.take()?[...]
    case .parts(let next): try await next()
    }
  }

  /// What is left of the body, with at least 64 bytes of spare capacity behind it; grows with what arrives.
  /// Throws `HTTPError.bodyTooLarge` past `limit`, `.overloaded` where there is no memory, and what `next` throws.
  package func collect(upTo limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    switch source {
    case .empty: break
    case .whole(let body):
      bytes = body.take() ?? []
      guard bytes.count <= limit else { throw HTTPError.bodyTooLarge(limit: limit) }
    case .parts(let next):
      while let part = try await next() {
        guard part.count <= limit - bytes.count else { throw HTTPError.bodyTooLarge(limit: limit) }
        try await memory?.hold(bytes.count + part.count)
        bytes.append(contentsOf: part)
      }
    }
    if bytes.capacity - bytes.count < Self.padding { bytes.reserveCapacity(bytes.count + Self.padding) }
    return bytes
  }
}

/// A body that is handed out once.
private final class WholeBody: Sendable {
  private let bytes: Mutex<[UInt8]?>

  init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

  func take() -> [UInt8]? {
    bytes.withLock { bytes in
      defer { bytes = nil }
      return bytes
    }
  }
}

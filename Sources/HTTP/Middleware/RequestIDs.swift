import Synchronization

/// Gives every request an id, the client's own `X-Request-Id` where that is sound, and every answer the same.
package struct RequestIDs: Middleware {
  package static let field = "X-Request-Id"

  private let source: RequestIDSource

  package init(source: RequestIDSource = RequestIDSource()) { self.source = source }

  package func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
    var request = request
    request.id = id(of: request)
    var response = try await next(request)
    response.fields[Self.field] = request.id
    return response
  }

  package func id(of request: HTTPRequest) -> String {
    if let id = request.fields[Self.field], Self.isSound(id) { return id }
    return source.next()
  }

  /// 1 to 128 visible ASCII characters: nothing that could break a log line or a header.
  private static func isSound(_ id: String) -> Bool {
    (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

/// Makes request ids: 13 characters, unlike any other of this process, and most likely of any other.
package final class RequestIDSource: Sendable {
  private let counter: Atomic<UInt64>

  /// `start`: ids of the same start are the same.
  package init(start: UInt64 = .random(in: .min ... .max)) { counter = Atomic(start) }

  package func next() -> String {
    var bits = Self.scatter(counter.wrappingAdd(1, ordering: .relaxed).oldValue)
    // 13 digits of five bits; a string this short needs no memory of its own.
    return String(unsafeUninitializedCapacity: 13) { text in
      for index in 0..<13 {
        text[index] = Self.digit(UInt8(truncatingIfNeeded: bits & 31))
        bits >>= 5
      }
      return 13
    }
  }

  /// The finaliser of SplitMix64: one to one, so that different counts give different ids, near ones far apart.
  private static func scatter(_ count: UInt64) -> UInt64 {
    var bits = count
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}

import Synchronization

/// An answer that is written in parts; its head goes with the first of them.
final class StreamedAnswer: Sendable {
  let exchange: ServerExchange
  private let response: HTTPResponse
  private let length: Int?
  private let started = Atomic(false)

  /// Without a length: chunked, or up to the connection's end for HTTP/1.0.
  init(_ response: HTTPResponse, length: Int?, _ exchange: ServerExchange) {
    self.response = response
    self.length = length
    self.exchange = exchange
  }

  var hasStarted: Bool { started.load(ordering: .acquiring) }

  func write(_ bytes: [UInt8]) async throws {
    startOnce()
    var rest = bytes[...]
    repeat {
      let part = rest.prefix(ServerExchange.writeSize)
      try await exchange.write(part)
      rest = rest[part.endIndex...]
    } while !rest.isEmpty
  }

  func finish() {
    startOnce()
    exchange.finish()
  }

  private func startOnce() {
    guard !started.exchange(true, ordering: .acquiringAndReleasing) else { return }
    exchange.start(response, length: length)
  }
}

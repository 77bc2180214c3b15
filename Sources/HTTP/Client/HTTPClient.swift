import Synchronization

/// An HTTP/1.1 client on libcurl.
///
/// One thread, started by the first request, moves the bytes of all; connections are kept and used again. Redirects are
/// not followed, proxies of the environment not used unless asked for, certificates verified unless told otherwise.
package final class HTTPClient: Sendable {
  package struct Configuration: Sendable {
    package var userAgent = "verbatim"
    package var connectTimeout: Duration = .seconds(10)
    package var usesProxyFromEnvironment = false
    /// A PEM file of authorities to trust instead of the system's.
    package var certificateAuthoritiesPath: String?
    /// False only for a server on this machine that is known by other means than its certificate.
    package var verifiesCertificates = true
    package var maximumIdleConnections = 64

    package init() {}
  }

  package typealias Answer = (status: Int, fields: HTTPFields, body: [UInt8])

  private let configuration: Configuration
  private let loop = Mutex<TransferLoop?>(nil)

  package init(configuration: Configuration = Configuration()) { self.configuration = configuration }

  deinit { loop.withLock { $0?.stop() } }

  /// Sends a request and gives the whole answer, at most `limit` bytes of it. Throws `HTTPClientError`, or
  /// `CancellationError` when the task is cancelled, which ends the transfer.
  package func send(
    _ method: String, _ url: String, fields: HTTPFields = [:], body: [UInt8]? = nil, limit: Int = 64 << 20,
    timeout: Duration = .seconds(60)
  ) async throws -> Answer {
    let request = OutgoingRequest(
      method: method, url: url, fields: fields, body: body, limit: limit, timeout: timeout)
    let transfer = try Transfer(request, configuration: configuration)
    let loop = try runningLoop()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        loop.start(transfer) { continuation.resume(with: $0) }
      }
    } onCancel: {
      loop.cancel(transfer)
    }
  }

  private func runningLoop() throws -> TransferLoop {
    try loop.withLock { loop in
      if let loop, loop.isOpen { return loop }
      let started = try TransferLoop(maximumIdleConnections: configuration.maximumIdleConnections)
      loop = started
      return started
    }
  }
}

/// What a caller asks to send.
struct OutgoingRequest: Sendable {
  var method: String
  var url: String
  var fields: HTTPFields
  var body: [UInt8]?
  var limit: Int
  var timeout: Duration
}

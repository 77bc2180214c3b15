import Synchronization

/// An HTTP client on libcurl.
///
/// One thread, started by the first request, moves the bytes of all; connections are kept and used again. Redirects are
/// not followed, proxies of the environment not used unless asked for, certificates verified unless told otherwise.
package final class HTTPClient: Sendable {
  package struct Configuration: Sendable {
    package var userAgent = "verbatim"
    package var connectTimeout: Duration = .seconds(10)
    package var usesProxyFromEnvironment = false
    /// `http://proxy:3128`, `socks5h://…`; goes before the environment's.
    package var proxy: String?
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
    var request = OutgoingRequest(method: method, url: url, fields: fields, body: body)
    request.timeouts.total = timeout
    let transfer = try start(request)
    return try await withTaskCancellationHandler {
      let answer = IncomingAnswer(try await transfer.awaitHead(), of: transfer)
      return (status: answer.status, fields: answer.fields, body: try await answer.collect(upTo: limit))
    } onCancel: {
      transfer.cancel()
    }
  }

  /// Sends a request and returns once the head of the answer is there. Throws `HTTPClientError`. Cancelling the task
  /// does not end it: who has begun a call may have to see it through.
  package func open(_ request: OutgoingRequest) async throws -> IncomingAnswer { try await begin(request).answer() }

  /// Sends a request; for who may want to end it before the head of the answer is there. Throws `HTTPClientError`.
  package func begin(_ request: OutgoingRequest) throws -> PendingAnswer { PendingAnswer(of: try start(request)) }

  private func start(_ request: OutgoingRequest) throws -> Transfer {
    let loop = try runningLoop()
    let transfer = try Transfer(request, configuration: configuration, on: loop)
    loop.start(transfer)
    return transfer
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

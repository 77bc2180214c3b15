/// An HTTP/1.1 server on Boost.Beast and Asio: loop threads own the sockets; each request runs as a Swift task.
package final class HTTPServer: Sendable {
  package struct Configuration: Sendable {
    package var host = "127.0.0.1"
    /// 0: any free port.
    package var port = 10000
    package var loops = 1
    package var maximumHeadSize = 16 << 10
    package var maximumFields = 100
    package var maximumBodySize = 32 << 20
    package var maximumConnections = 100_000
    package var headTimeout: Duration = .seconds(10)
    package var idleTimeout: Duration = .seconds(75)
    /// After this, a body must arrive at `minimumBodyRate` bytes a second at least.
    package var bodyTimeout: Duration = .seconds(10)
    package var minimumBodyRate = 4096
    /// A write that makes no progress for this long ends the connection.
    package var writeTimeout: Duration = .seconds(30)
    /// How long running requests may take when the server drains.
    package var drainTimeout: Duration = .seconds(25)
    package var tlsCertificatePath: String?
    package var tlsKeyPath: String?

    package init() {}
  }

  /// A request that was refused before a handler could see it.
  package struct Refusal: Sendable {
    package var status: Int
    /// `head_too_large`, `body_too_large`, `bad_request`, `timeout`, `unsupported`, …
    package var code: String
    package var detail: String
  }

  /// Binds and listens; throws a `ServerError` with one clear line when it cannot.
  package init(
    configuration: Configuration,
    handler: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
    refusal: @escaping @Sendable (Refusal) -> HTTPResponse
  ) throws { fatalError("skeleton") }

  /// The port in use.
  package var port: Int { fatalError("skeleton") }

  /// Serves until the task is cancelled, then drains: no new connections, running requests finish, idle ones close.
  package func run() async throws { fatalError("skeleton") }
}

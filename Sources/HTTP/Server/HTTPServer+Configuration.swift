extension HTTPServer {
  package struct Configuration: Sendable {
    /// An IPv4 or IPv6 address, or a name of which every address is listened on.
    package var host = "127.0.0.1"
    /// 0: any free port.
    package var port = 10000
    package var loops = 1
    package var maximumHeadSize = 16 << 10
    package var maximumFields = 100
    package var maximumBodySize = 32 << 20
    /// A body up to this size comes whole with its request.
    package var smallBodySize = 64 << 10
    /// How much of a larger body waits in memory for its handler before reading from the client stops.
    package var bodyBufferSize = 256 << 10
    package var maximumConnections = 100_000
    package var headTimeout: Duration = .seconds(10)
    package var idleTimeout: Duration = .seconds(75)
    /// After this, a body must arrive at `minimumBodyRate` bytes a second at least; nor may it ever stand still for as
    /// long. Time in which the handler does not take what has come does not count.
    package var bodyTimeout: Duration = .seconds(10)
    package var minimumBodyRate = 4096
    /// A write that makes no progress for this long ends the connection.
    package var writeTimeout: Duration = .seconds(30)
    /// How long a connection that is being closed is still read from, so that the last answer arrives.
    package var lingerTimeout: Duration = .seconds(2)
    /// How long a client that has closed its sending side may wait for an answer before it counts as gone.
    package var halfClosedTimeout: Duration = .seconds(1)
    /// How long running requests may take when the server drains.
    package var drainTimeout: Duration = .seconds(25)
    package var tlsCertificatePath: String?
    package var tlsKeyPath: String?

    package init() {}
  }

  package struct Counters: Sendable, Equatable {
    package var openConnections = 0
    package var acceptedConnections = 0
    /// Requests that reached a handler.
    package var requests = 0
    package var refusals = 0
  }
}

extension Duration {
  /// At least one millisecond, at most what 32 bits hold.
  var milliseconds: UInt32 {
    let (seconds, attoseconds) = components
    guard seconds < 4_000_000 else { return UInt32.max }
    return UInt32(max(1, seconds * 1000 + attoseconds / 1_000_000_000_000_000))
  }
}

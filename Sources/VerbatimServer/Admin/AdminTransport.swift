import HTTP
import VerbatimModel

/// How the command line speaks the API: to the server that holds the databases, or to an application of its own.
protocol AdminTransport: Sendable {
  func send(_ method: String, _ target: String, _ body: [UInt8]?) async throws -> (status: Int, body: [UInt8])
}

/// Over HTTP, with the token that a server leaves for whoever may read its files.
struct ServerTransport: AdminTransport {
  private let url: String
  private let token: String?
  private let client = HTTPClient.toHolder()

  init(url: String, token: String?) {
    self.url = url
    self.token = token
  }

  func send(_ method: String, _ target: String, _ body: [UInt8]?) async throws -> (status: Int, body: [UInt8]) {
    var fields: HTTPFields = ["Content-Type": "application/json"]
    if let token { fields["Authorization"] = "Bearer \(token)" }
    let answer = try await client.send(method, url + target, fields: fields, body: body)
    return (answer.status, answer.body)
  }
}

/// Straight to the routes of an application in this process.
struct LocalTransport: AdminTransport {
  private let application: Application
  private let token: KeySecret

  init(_ stores: OpenStores, _ configuration: Configuration, log: Log) {
    token = KeySecret()
    application = Application(stores: stores, configuration: configuration, log: log, commandLineToken: token)
  }

  func send(_ method: String, _ target: String, _ body: [UInt8]?) async throws -> (status: Int, body: [UInt8]) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let response = await application.respond(
      to: HTTPRequest(
        method: method, path: parts[0], query: parts.count > 1 ? parts[1] : nil,
        fields: ["Content-Type": "application/json", "Authorization": "Bearer \(token.text)"],
        body: RequestBody(body ?? []), peerAddress: "127.0.0.1"))
    switch response.body {
    case .none: return (response.status, [])
    case .bytes(let bytes): return (response.status, bytes)
    case .stream(let stream):
      let written = WrittenBody()
      try await stream(ResponseWriter { await written.add($0) })
      return (response.status, await written.bytes)
    }
  }

  /// Writes what is still to be written of what was done.
  func finish() async { await application.trail.flush() }
}

extension HTTPClient {
  /// For the server that holds a file's lock. It is known by that: its certificate is for the names by which others
  /// call it, not for the address under which this machine reaches it.
  static func toHolder() -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.verifiesCertificates = false
    return HTTPClient(configuration: configuration)
  }
}

private actor WrittenBody {
  private(set) var bytes: [UInt8] = []

  func add(_ part: [UInt8]) { bytes += part }
}

import HTTP
import VerbatimModel

/// How the command line speaks the API: to the server that holds the databases, or to an application of its own.
protocol AdminTransport: Sendable {
  func send(_ method: String, _ target: String, _ body: [UInt8]?) async throws -> (status: Int, body: [UInt8])
  /// Gets what is too large to be held: hands its fields to `begin`, then its parts to `take`, in their order. Anything
  /// but a 200 is answered instead.
  func fetch(
    _ target: String, begin: (HTTPFields) throws -> Void, take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws -> (status: Int, body: [UInt8])?
}

/// Over HTTP, with the token that a server leaves for whoever may read its files.
struct ServerTransport: AdminTransport {
  private let url: String
  private let token: String?
  private let client: HTTPClient

  init(url: String, token: String?, client: HTTPClient = .toHolder()) {
    self.url = url
    self.token = token
    self.client = client
  }

  func send(_ method: String, _ target: String, _ body: [UInt8]?) async throws -> (status: Int, body: [UInt8]) {
    var fields: HTTPFields = ["Content-Type": "application/json"]
    if let token { fields["Authorization"] = "Bearer \(token)" }
    let answer = try await client.send(method, url + target, fields: fields, body: body)
    return (answer.status, answer.body)
  }

  func fetch(
    _ target: String, begin: (HTTPFields) throws -> Void, take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws -> (status: Int, body: [UInt8])? {
    var request = OutgoingRequest(method: "GET", url: url + target)
    if let token { request.fields["Authorization"] = "Bearer \(token)" }
    let answer = try await client.open(request)
    guard answer.status == 200 else { return (answer.status, try await answer.collect(upTo: 1 << 20)) }
    try begin(answer.fields)
    while let part = try await answer.next() { try await take(part) }
    return nil
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
    let response = await respond(method, target, body)
    switch response.body {
    case .none: return (response.status, [])
    case .bytes(let bytes): return (response.status, bytes)
    case .stream(let stream):
      let written = WrittenBody()
      try await stream(ResponseWriter { await written.add($0) })
      return (response.status, await written.bytes)
    }
  }

  func fetch(
    _ target: String, begin: (HTTPFields) throws -> Void, take: @escaping @Sendable ([UInt8]) async throws -> Void
  ) async throws -> (status: Int, body: [UInt8])? {
    let response = await respond("GET", target, nil)
    guard response.status == 200, case .stream(let stream) = response.body else {
      guard case .bytes(let bytes) = response.body else { return (response.status, []) }
      return (response.status, bytes)
    }
    try begin(response.fields)
    try await stream(ResponseWriter(take))
    return nil
  }

  private func respond(_ method: String, _ target: String, _ body: [UInt8]?) async -> HTTPResponse {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return await application.respond(
      to: HTTPRequest(
        method: method, path: parts[0], query: parts.count > 1 ? parts[1] : nil,
        fields: ["Content-Type": "application/json", "Authorization": "Bearer \(token.text)"],
        body: RequestBody(body ?? []), peerAddress: "127.0.0.1"))
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

import Databases
import Foundation
import HTTP
import Threads
import VerbatimModel
import VerbatimServer
import VerbatimStore

/// The way by which a test speaks to the API: the same body runs on both.
package enum Transport: Sendable, CaseIterable, CustomStringConvertible {
  /// Straight to the routes, without a socket.
  case router
  /// Over a connection to a live server.
  case socket

  package var description: String {
    switch self {
    case .router: "on the router"
    case .socket: "on a live socket"
    }
  }
}

/// An API on a store of its own, for one test.
package struct TestAPI: Sendable {
  package struct Answer: Sendable {
    package let status: Int
    package let fields: HTTPFields
    package let body: [UInt8]

    package var text: String { String(decoding: body, as: UTF8.self) }

    /// null when the body is no JSON.
    package var json: JSONSlice {
      (try? JSONSlice(checking: body[...])) ?? JSONSlice(trusting: Bytes(utf8: "null"))
    }
  }

  package var store: Store { stores.history }
  package var main: MainStore { stores.main }

  private let folder: TemporaryFolder
  private let send: @Sendable (HTTPRequest) async throws -> Answer
  package let stores: OpenStores
  package let routes: [RouteTable.Route]
  /// Flush it to find the traces of reads in the main database.
  package let trail: AuditTrail
  /// What is remembered of keys; nothing looks after it but the test.
  package let keys: KeyCache
  /// Calls to models that are under way.
  package let calls: CallRegistry
  /// Of the live server; empty on the router.
  package let url: String
  /// Connections that clients have to the live server now.
  package let openConnections: @Sendable () -> Int

  /// The bytes of every file of an SQLite database.
  package func databaseFiles() throws -> [[UInt8]] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).map { name in
      Array(try Data(contentsOf: URL(fileURLWithPath: folder.path(name))))
    }
  }

  /// Runs `body` on a database of its own, then closes everything and removes it.
  package static func with(
    _ transport: Transport = .router, configuration: Configuration = Configuration(), log: Log = .silent,
    on engine: TestEngine = .sqlite, _ body: @Sendable (TestAPI) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder()
    guard engine != .sqlite else {
      let file = Store.Configuration(path: folder.path("verbatim.db"))
      return try await with(
        transport, configuration: configuration, log: log, history: file, main: MainStore.Configuration(file.engine),
        in: folder, body)
    }
    let place = try await engine.makeDatabase()
    do {
      try await with(
        transport, configuration: configuration, log: log, history: Store.Configuration(place.engine),
        main: MainStore.Configuration(place.engine), in: folder, body)
    } catch {
      try await place.drop()
      throw error
    }
    try await place.drop()
  }

  /// Runs `body` on databases that stay, then closes them.
  package static func with(
    _ transport: Transport = .router, configuration: Configuration = Configuration(), log: Log = .silent,
    history: Store.Configuration, main: MainStore.Configuration, in folder: TemporaryFolder,
    _ body: @Sendable (TestAPI) async throws -> Void
  ) async throws {
    var history = history
    history.redaction = configuration.redaction
    let stores = try await OpenStores.open(history, main)
    let application = Application(stores: stores, configuration: configuration, log: log)
    do {
      switch transport {
      case .router:
        try await body(TestAPI(application, stores, in: folder) { try await answer(application.respond(to: $0)) })
      case .socket:
        try await withServer(application, configuration) { server in
          let url = "http://127.0.0.1:\(server.port)"
          try await body(
            TestAPI(
              application, stores, in: folder, url: url, openConnections: { server.counters.openConnections },
              send: Self.sender(to: url)))
        }
      }
    } catch {
      await application.calls.stop()
      await stores.close()
      throw error
    }
    await application.calls.stop()
    await stores.close()
  }

  private init(
    _ application: Application, _ stores: OpenStores, in folder: TemporaryFolder, url: String = "",
    openConnections: @escaping @Sendable () -> Int = { 0 },
    send: @escaping @Sendable (HTTPRequest) async throws -> Answer
  ) {
    self.folder = folder
    self.send = send
    self.stores = stores
    self.url = url
    self.openConnections = openConnections
    routes = application.routes
    trail = application.trail
    calls = application.calls
    keys = application.keys
  }

  package func get(_ path: String, fields: HTTPFields = [:]) async throws -> Answer {
    try await request("GET", path, fields: fields)
  }

  package func post(
    _ path: String, _ body: String, type: String? = "application/json", fields: HTTPFields = [:]
  ) async throws -> Answer {
    try await post(path, bytes: Array(body.utf8), type: type, fields: fields)
  }

  package func post(
    _ path: String, bytes: [UInt8], type: String? = "application/json", fields: HTTPFields = [:]
  ) async throws -> Answer {
    var fields = fields
    if let type { fields["Content-Type"] = type }
    return try await request("POST", path, fields: fields, body: bytes)
  }

  /// A body that arrives in parts.
  package func post(_ path: String, body: RequestBody) async throws -> Answer {
    try await send(
      HTTPRequest(
        method: "POST", path: path, fields: ["Content-Type": "application/json"], body: body, peerAddress: "127.0.0.1"))
  }

  package func request(
    _ method: String, _ target: String, fields: HTTPFields = [:], body: [UInt8] = []
  ) async throws -> Answer {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return try await send(
      HTTPRequest(
        method: method, path: parts[0], query: parts.count > 1 ? parts[1] : nil, fields: fields,
        body: RequestBody(body), peerAddress: "127.0.0.1"))
  }

  private static func answer(_ response: HTTPResponse) async throws -> Answer {
    switch response.body {
    case .none: return Answer(status: response.status, fields: response.fields, body: [])
    case .bytes(let bytes): return Answer(status: response.status, fields: response.fields, body: bytes)
    case .stream(let stream):
      let written = WrittenBytes()
      try await stream(ResponseWriter { await written.add($0) })
      return Answer(status: response.status, fields: response.fields, body: await written.bytes)
    }
  }

  private static func sender(to url: String) -> @Sendable (HTTPRequest) async throws -> Answer {
    let client = HTTPClient()
    return { request in
      let body = try await request.body.collect(upTo: .max)
      let target = url + request.path + (request.query.map { "?" + $0 } ?? "")
      let answer = try await client.send(
        request.method, target, fields: request.fields, body: body.isEmpty ? nil : body)
      return Answer(status: answer.status, fields: answer.fields, body: answer.body)
    }
  }

  private static func withServer(
    _ application: Application, _ configuration: Configuration, _ body: @Sendable (HTTPServer) async throws -> Void
  ) async throws {
    var settings = configuration.server
    settings.port = 0
    let server = try HTTPServer(
      configuration: settings, executor: ContinuingExecutor(), handler: { await application.respond(to: $0) },
      refusal: { application.answer(to: $0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run() }
      defer { group.cancelAll() }
      try await body(server)
    }
  }
}

private actor WrittenBytes {
  private(set) var bytes: [UInt8] = []

  func add(_ more: [UInt8]) { bytes += more }
}

import Databases
import VerbatimTesting

/// A database server that one test has for itself, to kill it, start it again, and look into its files.
struct OwnServer: Sendable {
  /// Where it keeps everything.
  let folder: TemporaryFolder
  let kill: @Sendable () async throws -> Void
  /// Also again after it was killed.
  let start: @Sendable () async throws -> Void
  /// The database of a name, which need not be there yet.
  let engine: @Sendable (String) -> Engine
  /// Likewise, as it is typed.
  let dsn: @Sendable (String) -> String
  private let stop: @Sendable () async throws -> Void

  /// Runs `body` beside one of the engine's kind, which is gone afterwards.
  static func with(_ engine: TestEngine, _ body: @Sendable (OwnServer) async throws -> Void) async throws {
    let server = try await make(engine)
    do {
      try await body(server)
    } catch {
      try await server.stop()
      throw error
    }
    try await server.stop()
  }

  private static func make(_ engine: TestEngine) async throws -> OwnServer {
    guard engine == .postgreSQL else {
      let server = try await MariaDBServer.start(MariaDBServer.Options())
      return OwnServer(
        folder: server.folder, kill: { try await server.kill() }, start: { try await server.start() },
        engine: { .mysql(server.address(database: $0)) }, dsn: { server.dsn($0) }, stop: { try await server.stop() })
    }
    let server = try await PostgreSQLServer.start()
    return OwnServer(
      folder: server.folder, kill: { try await server.kill() }, start: { try await server.start() },
      engine: { .postgres(server.address(database: $0)) }, dsn: { server.dsn($0) }, stop: { try await server.stop() })
  }
}

extension PostgreSQLServer {
  func dsn(_ database: String) -> String {
    let password = Self.password.utf8.map { "%" + String(Int($0) + 0x100, radix: 16).suffix(2) }.joined()
    return "postgres://\(Self.user):\(password)@127.0.0.1:\(port)/\(database)"
  }
}

extension MariaDBServer {
  func dsn(_ database: String) -> String { "\(Self.user):\(Self.password)@tcp(127.0.0.1:\(port))/\(database)" }
}

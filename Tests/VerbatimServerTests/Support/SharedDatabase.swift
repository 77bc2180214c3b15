import Testing
import VerbatimTesting

/// A database on a server, for several processes of ours.
struct SharedDatabase {
  static let engines: [TestEngine] = [.postgreSQL, .mariaDB]

  let dsn: String
  /// Of an administrator in an account of its own.
  let adminKey: String

  /// Runs `body` with one that is removed afterwards.
  static func with(_ engine: TestEngine, _ body: @Sendable (SharedDatabase) async throws -> Void) async throws {
    let (dsn, drop) = try await make(engine)
    do {
      let made = try await create(["--scopes", "admin", "--account", "root", "--make-account"], in: dsn)
      try await body(SharedDatabase(dsn: dsn, adminKey: made))
    } catch {
      try await drop()
      throw error
    }
    try await drop()
  }

  /// A new key, as the command line makes it.
  func makeKey(_ arguments: [String] = []) async throws -> String { try await Self.create(arguments, in: dsn) }

  /// A server on it, in a folder of its own.
  func startServer(environment: [String: String] = [:]) async throws -> SpawnedServer {
    try await SpawnedServer.start(
      in: TemporaryFolder(), database: dsn, arguments: ["--auth", "on"], environment: environment)
  }

  private static func create(_ arguments: [String], in dsn: String) async throws -> String {
    let made = try await SpawnedCommand.run(
      ["keys", "create", "--name", "test", "--database", dsn] + arguments, in: TemporaryFolder())
    try #require(made.code == 0, "\(made.errors)")
    return String(made.output.split(separator: "\n")[0])
  }

  private static func make(_ engine: TestEngine) async throws -> (String, @Sendable () async throws -> Void) {
    switch engine {
    case .sqlite:
      let folder = try TemporaryFolder()
      return (folder.path("verbatim.db"), { _ = folder })
    case .postgreSQL:
      let server = try await PostgreSQLServer.shared()
      let name = try await server.createDatabase()
      return (server.dsn(name), { try await server.dropDatabase(name) })
    case .mariaDB, .mariaDBWithoutBulk:
      let server = try await MariaDBServer.shared()
      let name = try await server.createDatabase()
      return (server.dsn(name), { try await server.dropDatabase(name) })
    }
  }
}

import Databases
import Foundation
import Synchronization

/// A PostgreSQL server in a temporary folder, as durable as it is by default, on a free port of loopback and a unix
/// socket.
package final class PostgreSQLServer: Sendable {
  /// Has all rights; needs the password over TCP, not over the socket.
  package static let user = "verbatim"
  package static let password = "p@ss:w/o rd'\\"

  private static let sharedStart = Task { try await start() }

  private static let settings = [
    "listen_addresses=127.0.0.1", "shared_buffers=64MB", "max_connections=1000", "fsync=on", "lc_messages=C",
    "logging_collector=off", "max_wal_size=1GB",
  ]

  package let port: Int
  /// Holds the unix socket and, with TLS, `server.pem`, which is its own authority.
  package let folder: TemporaryFolder
  private let hasTLS: Bool
  let account: ServerAccount
  private let process = Mutex<DatabaseServerProcess?>(nil)
  private let lastNumber = Atomic<Int>(0)

  /// The one server of this test process; ends with it.
  package static func shared() async throws -> PostgreSQLServer { try await sharedStart.value }

  /// A server of one's own; it takes connections.
  package static func start(hasTLS: Bool = false) async throws -> PostgreSQLServer {
    let server = try PostgreSQLServer(hasTLS: hasTLS)
    try await server.install()
    try await server.start()
    return server
  }

  init(hasTLS: Bool) throws {
    self.hasTLS = hasTLS
    folder = try TemporaryFolder()
    account = try ServerAccount()
    port = try freePort()
  }

  var data: String { folder.path("data") }

  // MARK: Starting and ending

  private func install() async throws {
    try folder.write(Self.password, to: "password")
    for path in [folder.path, folder.path("password")] { try account.own(path) }
    try await account.run(
      Self.binary("initdb"),
      [
        "--pgdata", data, "--username", Self.user, "--encoding", "UTF8", "--locale", "C", "--no-sync",
        "--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", folder.path("password"),
      ], in: folder)
    guard hasTLS else { return }
    try await TestCertificate.make(in: folder)
    for name in ["server.key", "server.pem"] { try account.own(folder.path(name)) }
  }

  /// Starts it, also again after it was killed; returns when it takes connections.
  package func start() async throws {
    // What a killed server left there says that it is ready.
    if FileManager.default.fileExists(atPath: data + "/postmaster.pid") {
      try FileManager.default.removeItem(atPath: data + "/postmaster.pid")
    }
    var settings = Self.settings + ["port=\(port)", "unix_socket_directories=\(folder.path)"]
    if hasTLS {
      settings += ["ssl=on", "ssl_cert_file=\(folder.path("server.pem"))", "ssl_key_file=\(folder.path("server.key"))"]
    }
    let log = folder.path("log-\(lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)")
    let command = [try Self.binary("postgres"), "-D", data] + settings.flatMap { ["-c", $0] }
    let started = try DatabaseServerProcess(account.command(command), folder: folder.path, log: log)
    process.withLock { $0 = started }
    // The file has no event to wait for; this ends when the server is ready or gone.
    while status.last != "ready" {
      guard started.isRunning else {
        throw SpawnError("postgres ended: \(try String(contentsOfFile: log, encoding: .utf8))")
      }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// SIGKILL to all its processes at once, as a crash; what it has committed stays.
  package func kill() async throws {
    let main = try processIdentifier()
    _ = Glibc.kill(main, SIGSTOP)
    for child in try children(of: main) { _ = Glibc.kill(child, SIGKILL) }
    try await process.withLock { $0 }?.end(with: "KILL")
  }

  package func stop() async throws { try await process.withLock { $0 }?.end(with: "QUIT") }

  /// SIGSTOP to all its processes: whoever has asked it waits until it goes on.
  package func hang() throws { try signal(SIGSTOP) }

  /// After `hang`.
  package func goOn() throws { try signal(SIGCONT) }

  private func signal(_ signal: Int32) throws {
    let main = try processIdentifier()
    for process in [main] + (try children(of: main)) { _ = Glibc.kill(process, signal) }
  }

  private func processIdentifier() throws -> Int32 {
    guard let identifier = status.first.flatMap({ Int32($0) }) else { throw SpawnError("the server does not run") }
    return identifier
  }

  private func children(of process: Int32) throws -> [Int32] {
    let children = try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
    return children.split(separator: " ").compactMap { Int32($0) }
  }

  /// The words of `postmaster.pid`: the process id is the first, the server's state the last. Empty without the file.
  private var status: [Substring] {
    guard let text = try? String(contentsOfFile: data + "/postmaster.pid", encoding: .utf8) else { return [] }
    return text.split(whereSeparator: { $0.isWhitespace })
  }

  // MARK: Databases

  package func address(database: String) -> PostgresAddress {
    PostgresAddress(
      hosts: [.init("127.0.0.1", port: UInt16(port))], user: Self.user, password: Self.password, database: database)
  }

  /// Makes an empty database and gives its name.
  package func createDatabase() async throws -> String {
    let name = "test_\(lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await run("CREATE DATABASE \(name)")
    return name
  }

  package func dropDatabase(_ name: String) async throws { try await run("DROP DATABASE \(name) WITH (FORCE)") }

  /// Runs a script by psql; gives what it prints, columns apart by `|`.
  @discardableResult
  package func run(_ script: String, database: String = "postgres") async throws -> String {
    let outcome = try await SpawnedCommand.run(
      [
        "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--host", folder.path,
        "--port", "\(port)", "--username", Self.user, "--dbname", database, "--file", "-",
      ], executable: Self.binary("psql"), in: folder, input: script)
    guard outcome.code == 0 else { throw SpawnError("psql failed: \(outcome.errors)") }
    return outcome.output
  }

  /// Debian keeps the server's programs out of `PATH`, in a folder for each version.
  static func binary(_ name: String) throws -> String {
    let root = "/usr/lib/postgresql"
    let versions = try FileManager.default.contentsOfDirectory(atPath: root).compactMap { Int($0) }
    guard let newest = versions.max() else { throw SpawnError("there is no PostgreSQL server under \(root)") }
    return "\(root)/\(newest)/bin/\(name)"
  }
}

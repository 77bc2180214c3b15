import Databases
import Foundation
import Synchronization

/// A real MariaDB server on a free port of loopback and a unix socket, in a temporary folder, with durable commits.
package final class MariaDBServer: Sendable {
  package struct Options: Sendable {
    /// Whether the server offers TLS, with the certificate of `TestCertificate`.
    package var hasTLS = false
    /// More of the server's own options, `--max-allowed-packet=1M` for example.
    package var arguments: [String] = []

    package init() {}
  }

  /// Has all rights; the password is awkward on purpose.
  package static let user = "verbatim"
  package static let password = "p@ss:w/rd ?"

  package let port: Int
  package let socket: String
  /// Holds `server.pem`, which is also the authority, where the server has TLS.
  package let folder: TemporaryFolder

  private let command: [String]
  private let process = Mutex<DatabaseServerProcess?>(nil)
  private let lastNumber = Atomic<Int>(0)

  private static let common = Task { try await start(Options()) }

  /// One server for all tests of this process; it ends with the process.
  package static func shared() async throws -> MariaDBServer { try await common.value }

  /// Returns when the server takes connections.
  package static func start(_ options: Options) async throws -> MariaDBServer {
    let server = try MariaDBServer(options)
    try await server.install()
    if options.hasTLS { try await TestCertificate.make(in: server.folder) }
    try await server.start()
    return server
  }

  private init(_ options: Options) throws {
    folder = try TemporaryFolder()
    port = try freePort()
    socket = folder.path("socket")
    try FileManager.default.createDirectory(atPath: folder.path("tmp"), withIntermediateDirectories: false)
    try folder.write(Self.accounts, to: "accounts.sql")
    let (certificate, key) = (folder.path("server.pem"), folder.path("server.key"))
    let tls = options.hasTLS ? ["--ssl-cert=\(certificate)", "--ssl-key=\(key)"] : []
    command =
      ["mariadbd", "--no-defaults"] + Self.asRoot
      + [
        "--datadir=\(folder.path("data"))", "--socket=\(socket)", "--port=\(port)", "--bind-address=127.0.0.1",
        "--tmpdir=\(folder.path("tmp"))", "--pid-file=\(folder.path("pid"))",
        "--init-file=\(folder.path("accounts.sql"))", "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=1", "--max-connections=1000", "--innodb-log-file-size=16M",
        "--innodb-buffer-pool-size=64M",
      ] + tls + options.arguments
  }

  /// MariaDB refuses to run as root unless told by name.
  private static var asRoot: [String] { geteuid() == 0 ? ["--user=root"] : [] }

  private static var accounts: String {
    """
    CREATE USER IF NOT EXISTS '\(user)'@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('\(password)');
    GRANT ALL ON *.* TO '\(user)'@'%' WITH GRANT OPTION;

    """
  }

  // MARK: Starting and ending

  private func install() async throws {
    let outcome = try await SpawnedCommand.run(
      ["--no-defaults", "--datadir=\(folder.path("data"))", "--auth-root-authentication-method=normal"]
        + ["--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=16M", "--tmpdir=\(folder.path("tmp"))"]
        + Self.asRoot,
      executable: "/usr/bin/mariadb-install-db", in: folder)
    guard outcome.code == 0 else { throw SpawnError("mariadb-install-db failed: \(outcome.output)\(outcome.errors)") }
  }

  /// Starts it, also again after it was killed; returns when it takes connections.
  package func start() async throws {
    let log = "log-\(lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
    let started = try DatabaseServerProcess(command, folder: folder.path, log: folder.path(log))
    process.withLock { $0 = started }
    // A log has no event to wait for, so it is looked at; this ends when the server is ready or gone.
    while true {
      let isRunning = started.isRunning
      let said = try folder.text(of: log)
      if said.contains("ready for connections") { return }
      guard isRunning else { throw SpawnError("mariadbd ended: \(said)") }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// SIGKILL, as a crash.
  package func kill() async throws { try await end(with: "KILL") }

  /// Whoever has asked it waits until it goes on.
  package func hang() throws { try process.withLock { $0 }?.send("STOP") }

  /// After `hang`.
  package func goOn() throws { try process.withLock { $0 }?.send("CONT") }

  package func stop() async throws { try await end(with: "TERM") }

  private func end(with signal: String) async throws {
    try await process.withLock { $0 }?.end(with: signal)
  }

  // MARK: Databases

  /// Makes an empty database and gives its name.
  package func createDatabase() async throws -> String {
    let name = "test_\(lastNumber.wrappingAdd(1, ordering: .relaxed).newValue)"
    try await run("CREATE DATABASE \(name) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
    return name
  }

  /// Over TCP, as the user who may do everything.
  package func address(database: String) -> MySQLAddress {
    MySQLAddress(
      .host("127.0.0.1", port: UInt16(port)), user: Self.user, password: Self.password, database: database)
  }

  package func dropDatabase(_ name: String) async throws { try await run("DROP DATABASE \(name)") }

  /// Runs statements as root; gives what they print, columns apart by tabs.
  @discardableResult
  package func run(_ script: String) async throws -> String {
    let outcome = try await SpawnedCommand.run(
      ["--no-defaults", "--user=root", "--socket=\(socket)", "--batch", "--skip-column-names"],
      executable: "/usr/bin/mariadb", in: folder, input: script)
    guard outcome.code == 0 else { throw SpawnError("mariadb failed: \(outcome.errors)") }
    return outcome.output
  }
}

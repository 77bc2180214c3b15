import Foundation
import Redis
import Synchronization

/// A real Redis server on a free port of loopback that keeps nothing on disk.
package final class RedisServer: Sendable {
  package let port: Int
  /// Where it keeps what it was told to keep.
  package let folder: TemporaryFolder
  private let command: [String]
  private let process = Mutex<DatabaseServerProcess?>(nil)
  private let starts = Atomic<Int>(0)

  package var address: RedisAddress { RedisAddress(port: port) }

  /// Runs `body` beside a server that takes connections, and that is gone afterwards. `arguments`: its own options,
  /// `--requirepass` for example.
  package static func with<Result>(
    _ arguments: [String] = [], _ body: (RedisServer) async throws -> Result
  ) async throws -> Result {
    let server = try RedisServer(arguments)
    do {
      try await server.start()
      let result = try await body(server)
      try await server.kill()
      return result
    } catch {
      try await server.kill()
      throw error
    }
  }

  private init(_ arguments: [String]) throws {
    folder = try TemporaryFolder()
    port = try freePort()
    command =
      ["redis-server", "--bind", "127.0.0.1", "--port", String(port), "--dir", folder.path]
      + ["--save", "", "--appendonly", "no", "--daemonize", "no"] + arguments
  }

  /// Starts it, also again after it was killed; returns when it takes connections.
  package func start() async throws {
    let log = "log-\(starts.wrappingAdd(1, ordering: .relaxed).newValue)"
    let started = try DatabaseServerProcess(command, folder: folder.path, log: folder.path(log))
    process.withLock { $0 = started }
    // A log has no event to wait for, so it is looked at; this ends when the server is ready or gone.
    while true {
      let isRunning = started.isRunning
      let said = try folder.text(of: log)
      if said.contains("Ready to accept connections") { return }
      guard isRunning else { throw SpawnError("redis-server ended: \(said)") }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// SIGKILL, as a crash; also of one that is paused or was killed before.
  package func kill() async throws { try await process.withLock { $0 }?.end(with: "KILL") }

  /// Stops it where it stands, so that it answers nobody, until `resume`.
  package func pause() throws { try process.withLock { $0 }?.send("STOP") }

  package func resume() throws { try process.withLock { $0 }?.send("CONT") }
}

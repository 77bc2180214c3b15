import Foundation

/// `verbatim serve` on a free port of loopback, with its database in a folder of its own.
package final class SpawnedServer: Sendable {
  package let process: SpawnedProcess
  /// `http://127.0.0.1:40123`
  package let url: String
  package let folder: TemporaryFolder

  package var port: Int { url.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

  /// The database's file.
  package let database: String

  package static func database(in folder: TemporaryFolder) -> String { folder.path("verbatim.db") }

  private init(process: SpawnedProcess, url: String, folder: TemporaryFolder, database: String) {
    self.process = process
    self.url = url
    self.folder = folder
    self.database = database
  }

  /// Returns when the server listens; throws what it complained of when it ends instead. A folder that was used before
  /// has the database of before; `path` puts it elsewhere.
  package static func start(
    in folder: TemporaryFolder, database path: String? = nil, port: Int = 0, arguments: [String] = [],
    environment: [String: String] = [:]
  ) async throws -> SpawnedServer {
    let database = path ?? database(in: folder)
    let process = try SpawnedProcess.start(
      ["serve", "--port", String(port), "--database", database] + arguments, in: folder, environment: environment)
    let greeting = "Verbatim listens on "
    // A file has no event to wait for, so it is looked at; this ends when the server speaks or ends.
    while true {
      let isRunning = process.isRunning
      let lines = process.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
      if lines.count > 1, let line = lines.first(where: { $0.hasPrefix(greeting) }) {
        return SpawnedServer(
          process: process, url: String(line.dropFirst(greeting.count)), folder: folder, database: database)
      }
      guard isRunning else { throw SpawnError("the server ended: \(process.standardError)") }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// Runs `body` against a server that is stopped afterwards, whatever happens.
  package static func with<Result: Sendable>(
    arguments: [String] = [], environment: [String: String] = [:],
    _ body: @Sendable (SpawnedServer) async throws -> Result
  ) async throws -> Result {
    let server = try await start(in: TemporaryFolder(), arguments: arguments, environment: environment)
    do {
      let result = try await body(server)
      await server.kill()
      return result
    } catch {
      await server.kill()
      throw error
    }
  }

  /// SIGTERM; gives the ending.
  @discardableResult
  package func terminate() async -> SpawnedProcess.Ending {
    process.send(SIGTERM)
    return await process.waitForEnding()
  }

  /// SIGKILL; returns when the process is gone.
  package func kill() async {
    if process.isRunning { process.send(SIGKILL) }
    await process.waitForEnding()
  }
}

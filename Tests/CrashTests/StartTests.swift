import Foundation
import Glibc
import Testing
import VerbatimTesting

extension CrashTests {
  /// What cannot be served ends with one clear line and exit code 1, and nothing is changed.
  @Suite struct StartTests {
    private let folder: TemporaryFolder
    private let database: String

    init() throws {
      folder = try TemporaryFolder()
      database = SpawnedServer.database(in: folder)
    }

    @Test func `a port in use is named`() async throws {
      let first = try await SpawnedServer.start(in: folder)
      let second = try await SpawnedCommand.run(
        ["serve", "--port", "\(first.port)", "--database", folder.path("second.db")], in: folder)
      expectRefusal(second, naming: "\(first.port)")
      #expect(await first.terminate() == .cleanExit)
    }

    @Test func `a database that another server holds is refused, and that server named`() async throws {
      let first = try await SpawnedServer.start(in: folder)
      expectRefusal(try await serve(database), naming: first.url)
      #expect(await first.terminate() == .cleanExit)
    }

    @Test func `a file that is no database is named and left alone`() async throws {
      let content = Data(String(repeating: "not a database\n", count: 1000).utf8)
      try content.write(to: URL(fileURLWithPath: database))
      expectRefusal(try await serve(database), naming: database)
      #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == content)
    }

    @Test func `a damaged database fails its verification`() async throws {
      let server = try await SpawnedServer.start(in: folder)
      let ledger = Ledger()
      await onThreads(4) { number in
        var client = LoadClient(
          port: server.port, ledger: ledger, name: "damage-\(number)", seed: UInt64(number),
          isEnough: { ledger.acknowledgedCount > 300 })
        client.run()
      }
      #expect(await server.terminate() == .cleanExit)

      let file = try FileHandle(forUpdating: URL(fileURLWithPath: database))
      let size = try file.seekToEnd()
      for page in stride(from: size / 8 / 4096, to: size / 4096, by: 7) {
        try file.seek(toOffset: page * 4096 + 100)
        try file.write(contentsOf: Data(repeating: 0xa5, count: 2000))
      }
      try file.close()

      let verification = try await SpawnedCommand.run(["verify", "--database", database], in: folder)
      #expect(verification.code == 1)
      #expect(!(verification.output + verification.errors).isEmpty)
    }

    @Test func `a file that may not be written is named`() async throws {
      #expect(try await SpawnedServer.start(in: folder).terminate() == .cleanExit)
      let before = try Data(contentsOf: URL(fileURLWithPath: database))
      #expect(chmod(database, 0o444) == 0)
      expectRefusal(try await serveWithoutPrivileges(database), naming: database)
      #expect(try Data(contentsOf: URL(fileURLWithPath: database)) == before)
    }

    @Test func `a folder that may not be written is named`() async throws {
      let locked = folder.path("locked")
      try FileManager.default.createDirectory(atPath: locked, withIntermediateDirectories: false)
      #expect(chmod(locked, 0o555) == 0)
      let outcome = try await serveWithoutPrivileges("\(locked)/verbatim.db")
      expectRefusal(outcome, naming: locked)
    }

    /// Root may write whatever the permissions say, unless it gives that up.
    private func serveWithoutPrivileges(_ path: String) async throws -> SpawnedCommand.Outcome {
      guard geteuid() == 0 else { return try await serve(path) }
      let arguments = ["--bounding-set=-dac_override,-dac_read_search", try SpawnedProcess.binary().path]
      return try await SpawnedCommand.run(
        arguments + serving(path), executable: "/usr/bin/setpriv", in: folder)
    }

    private func serve(_ path: String) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(serving(path), in: folder)
    }

    private func serving(_ path: String) -> [String] { ["serve", "--port", "0", "--database", path] }

    /// Beside the log, which is JSON, there is one line for people.
    private func expectRefusal(_ outcome: SpawnedCommand.Outcome, naming name: String) {
      #expect(outcome.code == 1)
      let lines = outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("{") }
      #expect(lines.count == 1, "\(outcome.errors)")
      #expect(lines.first?.contains(name) == true, "\(outcome.errors)")
    }
  }
}

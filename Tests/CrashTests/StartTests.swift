import Foundation
import Glibc
import Testing

extension CrashTests {
  /// What cannot be served ends with one clear line and exit code 1, and nothing is changed.
  @Suite struct StartTests {
    @Test func `a port in use is named`() throws {
      let folder = try TemporaryFolder()
      let first = try ServerProcess(database: folder.file("first.db"))
      let second = try ServerProcess.run(
        ["serve", "--port", "\(first.port)", "--database", folder.file("second.db"), "--log-level", "error"])
      expectRefusal(second, naming: "\(first.port)")
      #expect(first.stop() == .code(0))
    }

    @Test func `a database that another server holds is refused`() throws {
      let folder = try TemporaryFolder()
      let first = try ServerProcess(database: folder.file("verbatim.db"))
      let second = try ServerProcess.run(
        ["serve", "--port", "0", "--database", folder.file("verbatim.db"), "--log-level", "error"])
      expectRefusal(second, naming: "verbatim.db")
      #expect(first.stop() == .code(0))
    }

    @Test func `a file that is no database is named and left alone`() throws {
      let folder = try TemporaryFolder()
      let path = folder.file("verbatim.db")
      let content = Data(String(repeating: "not a database\n", count: 1000).utf8)
      try content.write(to: URL(fileURLWithPath: path))
      expectRefusal(try serve(path), naming: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
    }

    @Test func `a damaged database fails its verification`() async throws {
      let folder = try TemporaryFolder()
      let path = folder.file("verbatim.db")
      let server = try ServerProcess(database: path)
      let ledger = Ledger()
      await onThreads(4) { number in
        var client = LoadClient(
          port: server.port, ledger: ledger, name: "damage-\(number)", seed: UInt64(number),
          isEnough: { ledger.acknowledgedCount > 300 })
        client.run()
      }
      #expect(server.stop() == .code(0))

      let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      let size = try file.seekToEnd()
      for page in stride(from: size / 8 / 4096, to: size / 4096, by: 7) {
        try file.seek(toOffset: page * 4096 + 100)
        try file.write(contentsOf: Data(repeating: 0xa5, count: 2000))
      }
      try file.close()

      let verification = try ServerProcess.run(["verify", "--database", path])
      #expect(verification.ending == .code(1))
      #expect(!(verification.output + verification.errors).isEmpty)
    }

    @Test func `a file that may not be written is named`() throws {
      let folder = try TemporaryFolder()
      let path = folder.file("verbatim.db")
      #expect(try ServerProcess(database: path).stop() == .code(0))
      let before = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(chmod(path, 0o444) == 0)
      expectRefusal(try serve(path, wrapper: Self.withoutOverridingPermissions), naming: path)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func `a folder that may not be written is named`() throws {
      let folder = try TemporaryFolder()
      let path = folder.file("verbatim.db")
      #expect(chmod(folder.path, 0o555) == 0)
      defer { chmod(folder.path, 0o755) }
      expectRefusal(try serve(path, wrapper: Self.withoutOverridingPermissions), naming: path)
    }

    /// Root may write whatever the permissions say, unless it gives that up.
    private static let withoutOverridingPermissions =
      geteuid() == 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : []

    private typealias Outcome = (ending: ChildProcess.Ending, output: String, errors: String)

    private func serve(_ database: String, wrapper: [String] = []) throws -> Outcome {
      try ServerProcess.run(
        ["serve", "--port", "0", "--database", database, "--log-level", "error"], wrapper: wrapper)
    }

    private func expectRefusal(_ outcome: Outcome, naming name: String) {
      #expect(outcome.ending == .code(1))
      let lines = outcome.errors.split(separator: "\n")
      #expect(lines.count == 1, "\(outcome.errors)")
      #expect(lines.first?.contains(name) == true, "\(outcome.errors)")
    }
  }
}

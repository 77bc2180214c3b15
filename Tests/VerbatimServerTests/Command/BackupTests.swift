import Foundation
import Testing
import VerbatimTesting

@testable import VerbatimServer

@Suite struct BackupTests {
  @Test func `a backup of a running server is restored whole`() async throws {
    let folder = try TemporaryFolder()
    let file = Fixtures.path("exchanges.ndjson")
    let server = try await SpawnedServer.start(in: folder)
    _ = try await SpawnedCommand.run(["import", file, "--server", server.url], in: folder)
    let backup = try await SpawnedCommand.run(["backup", "copy.db", "--database", server.database], in: folder)
    #expect(backup.code == 0, "\(backup.errors)")
    let again = try await SpawnedCommand.run(["backup", "copy.db", "--database", server.database], in: folder)
    #expect(again.code == 1)
    let held = try await SpawnedCommand.run(
      ["restore", "copy.db", "--force", "--database", server.database], in: folder)
    #expect(held.code == 1)
    #expect(held.errors.contains(server.url))
    await server.terminate()

    let refused = try await SpawnedCommand.run(["restore", "copy.db", "--database", server.database], in: folder)
    #expect(refused.code == 1)
    #expect(refused.errors.contains("--force"))
    let forced = try await SpawnedCommand.run(
      ["restore", "copy.db", "--force", "--database", server.database], in: folder)
    #expect(forced.code == 0, "\(forced.errors)")
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("before-restore") }
    #expect(kept.count == 1)
    let fresh = try await SpawnedCommand.run(["restore", "copy.db", "--database", "new.db"], in: folder)
    #expect(fresh.code == 0, "\(fresh.errors)")
    for name in [server.database, "new.db"] + kept {
      let verified = try await SpawnedCommand.run(["verify", "--database", name], in: folder)
      #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    }
    let imported = try await SpawnedCommand.run(["import", file, "--database", "new.db"], in: folder)
    #expect(imported.output.hasPrefix("460 lines: 0 stored, 460 already there"))
  }

  @Test func `a damaged or foreign backup is refused and leaves the database alone`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Bodies.exchange(), to: "a.ndjson")
    _ = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    _ = try await SpawnedCommand.run(["backup", "copy.db", "--database", "a.db"], in: folder)
    var bytes = try Fixtures.bytes(atPath: folder.path("copy.db"))
    for index in 8192..<min(bytes.count, 16384) { bytes[index] = 0xA5 }
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("damaged.db")))
    try folder.write("something else", to: "foreign.db")
    let before = try Fixtures.bytes(atPath: folder.path("a.db"))
    for name in ["damaged.db", "foreign.db", "missing.db"] {
      let outcome = try await SpawnedCommand.run(["restore", name, "--force", "--database", "a.db"], in: folder)
      #expect(outcome.code == 1)
      #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }
    #expect(try Fixtures.bytes(atPath: folder.path("a.db")) == before)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("restoring") }
    #expect(left.isEmpty)
  }
}

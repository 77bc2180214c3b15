import Foundation
import Testing
import VerbatimTesting

@testable import VerbatimServer
@testable import VerbatimStore

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

  /// Imports `count` exchanges into a database that is then closed.
  private func fill(_ database: String, in folder: TemporaryFolder, count: Int) async throws {
    try folder.write((0..<count).map { Bodies.exchange("q\($0)") }.joined(separator: "\n"), to: "fill.ndjson")
    let outcome = try await SpawnedCommand.run(["import", "fill.ndjson", "--database", database], in: folder)
    #expect(outcome.output.hasPrefix("\(count) lines: \(count) stored"), "\(outcome.errors)")
  }

  /// Leaves what a killed server leaves: its newest records are in the log alone.
  private func leaveKilled(_ database: String, in folder: TemporaryFolder, count: Int) async throws {
    let server = try await SpawnedServer.start(in: folder, database: database)
    try folder.write((0..<count).map { Bodies.exchange("q\($0)") }.joined(separator: "\n"), to: "fill.ndjson")
    _ = try await SpawnedCommand.run(["import", "fill.ndjson", "--server", server.url], in: folder)
    await server.kill()
  }

  private func stored(_ database: String, in folder: TemporaryFolder) async throws -> Int64? {
    let store = try await Store.open(readOnly(folder.path(database)))
    let page = try await store.database.read { connection in
      try connection.first("SELECT sum(exchanges) FROM verbatim_usage_by_day") { $0.integer(0) }
    }
    await store.close()
    return page
  }

  private func readOnly(_ path: String) -> Store.Configuration {
    var configuration = Store.Configuration(path: path)
    configuration.isReadOnly = true
    return configuration
  }

  @Test func `a log whose database is gone never gets into what is restored`() async throws {
    let folder = try TemporaryFolder()
    try await fill("small.db", in: folder, count: 80)
    _ = try await SpawnedCommand.run(["backup", "copy.db", "--database", "small.db"], in: folder)
    try await leaveKilled(folder.path("v.db"), in: folder, count: 200)
    try FileManager.default.removeItem(atPath: folder.path("v.db"))
    let outcome = try await SpawnedCommand.run(["restore", "copy.db", "--database", "v.db"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("-wal"))
    #expect(try await stored("v.db", in: folder) == 80)
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("before-restore") }
    #expect(kept.contains { $0.hasSuffix("-wal") })
  }

  @Test func `the old database is kept with every record that a killed server acknowledged`() async throws {
    let folder = try TemporaryFolder()
    try await fill("small.db", in: folder, count: 3)
    _ = try await SpawnedCommand.run(["backup", "copy.db", "--database", "small.db"], in: folder)
    try await leaveKilled(folder.path("v.db"), in: folder, count: 200)
    for _ in 0..<2 {
      let outcome = try await SpawnedCommand.run(["restore", "copy.db", "--force", "--database", "v.db"], in: folder)
      #expect(outcome.code == 0, "\(outcome.errors)")
      #expect(try await stored("v.db", in: folder) == 3)
    }
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.contains("before-restore") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    var counts: [Int64?] = []
    for name in kept { counts.append(try await stored(name, in: folder)) }
    #expect(counts.compactMap { $0 }.sorted() == [3, 200])
  }

  @Test func `a link to the database stays, and leads to what was restored`() async throws {
    let folder = try TemporaryFolder()
    try await fill("small.db", in: folder, count: 3)
    _ = try await SpawnedCommand.run(["backup", "copy.db", "--database", "small.db"], in: folder)
    try FileManager.default.createDirectory(atPath: folder.path("elsewhere"), withIntermediateDirectories: false)
    try await leaveKilled(folder.path("elsewhere/v.db"), in: folder, count: 20)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("v.db"), withDestinationPath: folder.path("elsewhere/v.db"))
    let outcome = try await SpawnedCommand.run(["restore", "copy.db", "--force", "--database", "v.db"], in: folder)
    #expect(outcome.code == 0, "\(outcome.errors)")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("v.db")).hasSuffix("elsewhere/v.db"))
    #expect(try await stored("elsewhere/v.db", in: folder) == 3)
  }

  @Test func `an old database that cannot be opened is told and kept`() async throws {
    let folder = try TemporaryFolder()
    try await fill("small.db", in: folder, count: 3)
    _ = try await SpawnedCommand.run(["backup", "copy.db", "--database", "small.db"], in: folder)
    try folder.write(String(repeating: "no database", count: 1000), to: "v.db")
    let outcome = try await SpawnedCommand.run(["restore", "copy.db", "--force", "--database", "v.db"], in: folder)
    #expect(outcome.code == 0)
    #expect(outcome.errors.contains("could not be opened"))
    #expect(try await stored("v.db", in: folder) == 3)
    let kept = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("before-restore") }
    #expect(kept.count == 1)
    #expect(try folder.text(of: kept[0]).hasPrefix("no database"))
  }

  @Test func `tools work whatever time zone is set, and say nothing of their own`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Bodies.exchange(), to: "a.ndjson")
    let shanghai = ["PARTITION_TIMEZONE": "Asia/Shanghai"]
    let filled = try await SpawnedCommand.run(
      ["import", "a.ndjson", "--database", "a.db"], in: folder, environment: shanghai)
    #expect(filled.code == 0)
    #expect(filled.errors == "")
    for (index, zone) in ["", "America/New_York", "Asia/Shanghai"].enumerated() {
      let environment = zone.isEmpty ? [:] : ["PARTITION_TIMEZONE": zone, "LOG_LEVEL": "debug"]
      for arguments in [
        ["verify", "--database", "a.db"], ["backup", "copy\(index).db", "--database", "a.db"],
        ["restore", "copy\(index).db", "--force", "--database", "a.db"], ["verify", "--database", "a.db"],
      ] {
        let outcome = try await SpawnedCommand.run(arguments, in: folder, environment: environment)
        #expect(outcome.code == 0, "\(zone) \(arguments): \(outcome.output)\(outcome.errors)")
        #expect(outcome.errors == "")
      }
    }
  }
}

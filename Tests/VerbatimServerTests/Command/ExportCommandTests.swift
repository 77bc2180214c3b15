import Testing
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ExportCommandTests {
  @Test func `a file that was exported imports again, from the database and through the server`() async throws {
    let folder = try TemporaryFolder()
    let file = Fixtures.path("exchanges.ndjson")
    let imported = try await SpawnedCommand.run(["import", file, "--database", "a.db"], in: folder)
    #expect(imported.code == 0, "\(imported.errors)")
    let exported = try await SpawnedCommand.run(["export", "a.ndjson", "--database", "a.db"], in: folder)
    #expect(exported.code == 0, "\(exported.errors)")
    #expect(exported.errors.contains("go on with --since 1"))
    let again = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "b.db"], in: folder)
    #expect(again.output.hasPrefix("460 lines: 460 stored, 0 already there, 0 failed"), "\(again.errors)")
    let repeated = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "b.db"], in: folder)
    #expect(repeated.output.hasPrefix("460 lines: 0 stored, 460 already there, 0 failed"), "\(repeated.errors)")
    let refused = try await SpawnedCommand.run(["export", "a.ndjson", "--database", "b.db"], in: folder)
    #expect(refused.code == 1)
    #expect(refused.errors.contains("exists already"))
    try await SpawnedServer.with { server in
      let sent = try await SpawnedCommand.run(["import", "a.ndjson", "--server", server.url], in: folder)
      #expect(sent.code == 0, "\(sent.errors)")
      let fetched = try await SpawnedCommand.run(["export", "-", "--server", server.url], in: folder)
      #expect(fetched.code == 0, "\(fetched.errors)")
      #expect(fetched.output.split(separator: "\n").count == 461)
    }
  }
}

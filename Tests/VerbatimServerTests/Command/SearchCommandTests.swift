import Testing
import VerbatimTesting

/// `verbatim search` and `verbatim reindex`, as they are typed.
@Suite struct SearchCommandTests {
  @Test(arguments: [false, true])
  func `what was imported is found, with and without a server`(isServing: Bool) async throws {
    let folder = try TemporaryFolder()
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments + ["--database", SpawnedServer.database(in: folder)], in: folder)
    }
    let imported = try await verbatim("import", Fixtures.path("exchanges.ndjson"))
    #expect(imported.code == 0, "\(imported.errors)")
    let server = isServing ? try await SpawnedServer.start(in: folder) : nil
    let made = try await verbatim("reindex")
    #expect(made.code == 0 && made.output.contains(": 920 messages of 1 days in the index"), "\(made)")
    let found = try await verbatim("search", "机器学习 -\"no such words\"", "--sort", "time", "--limit", "3")
    let lines = found.output.split(separator: "\n")
    #expect(lines.count == 3 && lines.allSatisfy { $0.contains("[机器学习]") }, "\(found)")
    #expect(found.errors.isEmpty)
    let user = try await verbatim("search", "机器学习", "--role", "user", "--limit", "200")
    #expect(user.output.split(separator: "\n").allSatisfy { $0.contains("  user  ") } && !user.output.isEmpty)
    let wrong = try await verbatim("search", "\"open")
    #expect(wrong.code == 1 && wrong.errors.contains("q opens a quote that it does not close"))
    await server?.terminate()
  }

  @Test func `a search in what is not indexed yet says so`() async throws {
    let folder = try TemporaryFolder()
    let database = SpawnedServer.database(in: folder)
    _ = try await SpawnedCommand.run(["import", Fixtures.path("exchanges.ndjson"), "--database", database], in: folder)
    let found = try await SpawnedCommand.run(["search", "天气", "--database", database], in: folder)
    #expect(found.code == 0 && found.output.isEmpty && found.errors.contains("verbatim reindex"))
  }
}

import Testing
import VerbatimTesting

@testable import VerbatimServer

@Suite struct PartitionsTests {
  private static let line = """
    {"app_id":"app","user_id":"user","conversation_id":"c","client_message_id":"KEY","query":"在吗？","answer":"在。",
    "inputs":{"n":12345678901234567890123},"created_at":"2024-12-DAYT10:00:00Z"}
    """.replacing("\n", with: "")

  /// Exchanges of 15, 16 and 17 December 2024.
  private static func lines() -> String {
    [15, 15, 16, 17].enumerated().map { index, day in
      line.replacing("KEY", with: "k-\(index)").replacing("DAY", with: "\(day)")
    }.joined(separator: "\n") + "\n"
  }

  @Test(arguments: ["true", "false"])
  func `a day is archived, dropped and imported again`(isDaily: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.lines(), to: "a.ndjson")
    let settings = ["--database", "a.db"]
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments + settings, in: folder)
    }
    _ = try await verbatim("import", "a.ndjson", "--daily-partition", isDaily)
    let listed = try await verbatim("partitions", "list")
    #expect(listed.output.split(separator: "\n").filter { $0.hasPrefix("2024-12-1") }.count == 3, "\(listed.output)")
    let kept = try await verbatim("partitions", "drop", "--day", "2024-12-15")
    #expect(kept.code == 1)
    let file = "2024-12-15.ndjson.zst"
    let archived = try await verbatim("partitions", "archive", "--day", "2024-12-15", "--file", file, "--drop", "--yes")
    #expect(archived.code == 0, "\(archived.errors)")
    #expect(archived.output.contains("4 rows"), "\(archived.output)")
    let dropped = try await verbatim("verify")
    #expect(dropped.code == 0, "\(dropped.output)")
    let imported = try await verbatim("import", file, "--daily-partition", isDaily)
    #expect(imported.output.hasPrefix("2 lines: 2 stored"), "\(imported.output)\(imported.errors)")
    let again = try await verbatim("import", file, "--daily-partition", isDaily)
    #expect(again.output.hasPrefix("2 lines: 0 stored, 2 already there"), "\(again.output)")
    let repeated = try await verbatim("import", "a.ndjson")
    #expect(repeated.output.hasPrefix("4 lines: 0 stored, 4 already there"), "\(repeated.output)")
    let whole = try await verbatim("verify")
    #expect(whole.code == 0, "\(whole.output)")
  }

  @Test func `old days are dropped only when it is said`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.lines(), to: "a.ndjson")
    _ = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    let age = ["partitions", "drop", "--older-than", "30d", "--database", "a.db"]
    let dry = try await SpawnedCommand.run(age + ["--dry-run"], in: folder)
    #expect(dry.output.contains("3 days would be dropped"), "\(dry.output)\(dry.errors)")
    let done = try await SpawnedCommand.run(age + ["--yes"], in: folder)
    #expect(done.output.contains("3 days are dropped"), "\(done.output)\(done.errors)")
    let nothing = try await SpawnedCommand.run(age + ["--dry-run"], in: folder)
    #expect(nothing.output.contains("0 days would be dropped"))
    let verified = try await SpawnedCommand.run(["verify", "--database", "a.db"], in: folder)
    #expect(verified.code == 0, "\(verified.output)")
  }

  @Test func `a day goes into another history`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.lines(), to: "a.ndjson")
    _ = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    let moved = try await SpawnedCommand.run(
      [
        "partitions", "archive", "--day", "2024-12-15", "--to", folder.path("b.db"), "--drop", "--yes", "--database",
        "a.db",
      ], in: folder)
    #expect(moved.code == 0, "\(moved.errors)")
    for name in ["a.db", "b.db"] {
      let verified = try await SpawnedCommand.run(["verify", "--database", name], in: folder)
      #expect(verified.code == 0, "\(verified.output)")
    }
    let listed = try await SpawnedCommand.run(["partitions", "list", "--database", "b.db"], in: folder)
    #expect(listed.output.contains("2024-12-15"))
    let empty = try await SpawnedCommand.run(
      ["partitions", "archive", "--day", "2024-12-15", "--file", "empty.zst", "--database", "a.db"], in: folder)
    #expect(empty.code == 1)
    #expect(empty.errors.contains("2024-12-15 holds nothing"), "\(empty.errors)")
  }

  @Test(arguments: [
    ["partitions", "drop"], ["partitions", "drop", "--day", "2024-02-30"], ["partitions", "frob"],
    ["partitions", "archive", "--day", "2024-12-15"], ["partitions", "view", "--days", "0"],
    ["partitions", "archive", "--day", "2024-12-15,2024-12-16", "--file", "a"],
    ["partitions", "archive", "--day", "2024-12-15", "--file", "a", "--to", "b.db"],
  ])
  func `what cannot be meant is refused`(arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    let outcome = try await SpawnedCommand.run(arguments + ["--database", folder.path("a.db")], in: folder)
    #expect(outcome.code == 2, "\(outcome.output)\(outcome.errors)")
  }
}

import Foundation
import Testing
import VerbatimTesting

@testable import VerbatimServer

/// The real binary's outer side: help, mistakes, exit codes.
@Suite struct CommandTests {
  @Test(arguments: ["serve", "import", "verify", "backup", "restore"])
  func `every command tells what it knows`(_ command: String) async throws {
    let folder = try TemporaryFolder()
    let overview = try await SpawnedCommand.run(["--help"], in: folder)
    #expect(overview.code == 0)
    #expect(overview.output.contains("  \(command) "))
    for arguments in [[command, "--help"], ["help", command], [command, "--port", "1", "-h"]].dropLast(
      command == "serve" ? 0 : 1)
    {
      let help = try await SpawnedCommand.run(arguments, in: folder)
      #expect(help.code == 0)
      #expect(help.output.contains("Usage: verbatim \(command)"))
      #expect(help.output.contains("SQL_DSN"))
    }
  }

  @Test(arguments: [
    (["sevre"], "did you mean serve"),
    (["serve", "--prot", "1"], "did you mean --port"),
    (["serve", "--port"], "--port needs a value"),
    (["serve", "--port", "x"], "API_PORT=x"),
    (["serve", "extra"], "cannot use the argument extra"),
    (["serve", "--host", "0.0.0.0"], "AUTH=off"),
    (["serve", "--database", "mysql://root:hidden@db/"], "names no database"),
    (["import"], "needs FILE"),
    (["import", "-", "--format", "parquet"], "allowed: exchanges"),
    (["import", "-", "--format", "mes"], "give --from DSN"),
    (["import", "--from", "x.db"], "--from needs --format"),
    (["import", "--from", "x.db", "--format", "seed003", "--follow"], "--follow needs --format mes"),
    (["import", "x", "--from", "x.db", "--format", "mes"], "exclude each other"),
    (["import", "--from", "mysql://root:hidden@db/", "--format", "mes"], "--from names no database"),
    (["backup"], "needs FILE"),
    ([], "Usage: verbatim"),
  ])
  func `what is typed wrongly is told in a line and ends with 2`(_ arguments: [String], _ told: String) async throws {
    let outcome = try await SpawnedCommand.run(arguments, in: TemporaryFolder())
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains(told))
    #expect(!outcome.errors.contains("hidden"))
  }

  @Test func `a .env file of the folder is read`() async throws {
    let folder = try TemporaryFolder()
    try folder.write("LOG_LEVEL=loud\n", to: ".env")
    let outcome = try await SpawnedCommand.run(["verify"], in: folder)
    #expect(outcome.code == 2)
    #expect(outcome.errors.contains("LOG_LEVEL=loud"))
  }

  @Test func `the version is told`() async throws {
    let outcome = try await SpawnedCommand.run(["--version"], in: TemporaryFolder())
    #expect(outcome.code == 0)
    #expect(outcome.output == "verbatim \(Version.current)\n")
  }

  @Test func `verifying looks at the structure of the file`() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Bodies.exchange(), to: "a.ndjson")
    _ = try await SpawnedCommand.run(["import", "a.ndjson", "--database", "a.db"], in: folder)
    var bytes = try Fixtures.bytes(atPath: folder.path("a.db"))
    // The header's count of free pages, which no query reads: https://www.sqlite.org/fileformat2.html
    bytes[39] = 7
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path("a.db")))
    let outcome = try await SpawnedCommand.run(["verify", "--database", "a.db"], in: folder)
    #expect(outcome.code == 1)
    #expect(outcome.output.contains("damaged file: "), "\(outcome.output)\(outcome.errors)")
  }

  @Test func `a database that is missing, foreign or damaged is told in a line`() async throws {
    let folder = try TemporaryFolder()
    try folder.write("this is not a database, but long enough to be looked at", to: "foreign.db")
    for name in ["missing.db", "foreign.db", "nowhere/x.db"] {
      let outcome = try await SpawnedCommand.run(["verify", "--database", name], in: folder)
      #expect(outcome.code == 1)
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
    let serve = try await SpawnedCommand.run(["serve", "--port", "0", "--database", "foreign.db"], in: folder)
    #expect(serve.code == 1)
    #expect(serve.errors.contains("foreign.db"))
  }
}

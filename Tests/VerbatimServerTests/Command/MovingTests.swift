import HTTP
import Testing
import VerbatimTesting

@testable import VerbatimServer

/// `verbatim migrate` and `verbatim copy`, as they are typed.
@Suite struct MovingTests {
  private static let newest = Session.newestSchemaVersion

  @Test func `migrate says what it would do, does it, and leads back what may be lost when told`() async throws {
    let folder = try TemporaryFolder()
    func migrate(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(["migrate", "--database", "v.db"] + arguments, in: folder)
    }
    let made = try await migrate()
    #expect(made.code == 0, "\(made.errors)")
    #expect(made.output.hasSuffix("v.db has schema version \(Self.newest)\n"))

    let idle = try await migrate("--dry-run")
    #expect(idle.output.hasSuffix("nothing to do\n"))
    let plan = try await migrate("--dry-run", "--to", "1")
    #expect(plan.output.contains("would lead back schema version 2 (aliases)"))
    let refused = try await migrate("--to", "1")
    #expect(refused.code == 1)
    #expect(refused.errors.contains("--yes"))
    let back = try await migrate("--to", "1", "--yes")
    #expect(back.code == 0, "\(back.errors)")
    let verified = try await SpawnedCommand.run(["verify", "--database", "v.db"], in: folder)
    #expect(verified.code == 1)
    #expect(verified.errors.contains("schema version 1"))

    #expect(try await migrate("--to", "0").errors.contains("no way back"))
    #expect(try await migrate("--to", "99").code == 1)
    #expect(try await migrate("--to", "soon").code == 2)
    #expect(try await migrate().code == 0)
    let whole = try await SpawnedCommand.run(["verify", "--database", "v.db"], in: folder)
    #expect(whole.code == 0, "\(whole.output)\(whole.errors)")
  }

  @Test func `migrate leaves a file to the server that holds it`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let outcome = try await SpawnedCommand.run(["migrate", "--database", server.database], in: folder)
    let plan = try await SpawnedCommand.run(["migrate", "--dry-run", "--database", server.database], in: folder)
    await server.terminate()
    #expect(outcome.code == 1)
    #expect(outcome.errors.contains(server.url))
    #expect(plan.code == 0, "\(plan.errors)")
  }

  @Test func `copy fills another database, table by table, while a server goes on`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let file = Fixtures.path("exchanges.ndjson")
    _ = try await SpawnedCommand.run(["import", file, "--server", server.url], in: folder)
    let copied = try await SpawnedCommand.run(["copy", "--from", server.database, "--to", "copy.db"], in: folder)
    #expect(copied.code == 0, "\(copied.errors)")
    #expect(copied.output.hasPrefix("conversation_histories: "))
    #expect(copied.output.contains(" on both sides\n"))
    await server.terminate()
    let verified = try await SpawnedCommand.run(["verify", "--database", "copy.db"], in: folder)
    #expect(verified.code == 0, "\(verified.output)\(verified.errors)")
    let imported = try await SpawnedCommand.run(["import", file, "--database", "copy.db"], in: folder)
    #expect(imported.output.hasPrefix("460 lines: 0 stored, 460 already there"))

    // It has been opened for writing, and nothing was recorded: it still is the copy.
    let again = try await SpawnedCommand.run(["copy", "--from", server.database, "--to", "copy.db"], in: folder)
    #expect(again.code == 0, "\(again.errors)")
  }

  @Test func `copy takes accounts and keys along, of one database or of one of their own`() async throws {
    let folder = try TemporaryFolder()
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments, in: folder)
    }
    let made = try await verbatim("keys", "create", "--name", "k", "--database", "a.db")
    let key = String(made.output.split(separator: "\n")[0])
    let plain = try await verbatim("copy", "--from", "a.db", "--to", "plain.db")
    #expect(plain.code == 0, "\(plain.errors)")
    #expect(try await verbatim("serve", "--auth", "on", "--port", "0", "--database", "plain.db").code == 2)
    for arguments in [["--with-accounts", "--to", "both.db"], ["--only-accounts", "--to", "main.db"]] {
      let copied = try await SpawnedCommand.run(["copy", "--from", "a.db"] + arguments, in: folder)
      #expect(copied.code == 0 && copied.output.contains("verbatim_keys: 1 rows on 1 days, checksum"), "\(copied)")
      let again = try await SpawnedCommand.run(["copy", "--from", "a.db"] + arguments, in: folder)
      #expect(again.code == 0, "\(again.errors)")
    }
    let server = try await SpawnedServer.start(in: folder, database: "both.db", arguments: ["--auth", "on"])
    let fields: HTTPFields = ["x-api-key": key]
    #expect(try await HTTPClient().send("GET", server.url + "/api/chat/none", fields: fields).status == 404)
    await server.terminate()
    let both = try await verbatim("copy", "--from", "a.db", "--to", "b.db", "--with-accounts", "--only-accounts")
    #expect(both.code == 2)
    let list = try await verbatim("keys", "list", "--database", "main.db")
    #expect(list.output.contains(key.prefix(11)))
  }

  @Test func `migrate and import refuse what could not mean anything`() async throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "a.ndjson")
    let follow = try await SpawnedCommand.run(["import", "a.ndjson", "--follow", "--database", "a.db"], in: folder)
    #expect(follow.code == 2)
    #expect(follow.errors.contains("--from"), "\(follow.errors)")
    let zone = try await SpawnedCommand.run(
      ["migrate", "--legacy-timezone", "Nowhere/Land", "--database", "a.db"], in: folder)
    #expect(zone.code == 1)
    #expect(zone.errors.contains("Nowhere/Land is no time zone"), "\(zone.errors)")
  }

  @Test func `copy tells what is missing or wrong, and no password`() async throws {
    let folder = try TemporaryFolder()
    for arguments in [["--from", "a.db"], ["--to", "a.db"], ["--from", "a.db", "--to", "mysql://u:secret@"]] {
      let outcome = try await SpawnedCommand.run(["copy"] + arguments, in: folder)
      #expect(outcome.code == 2)
      #expect(!outcome.errors.contains("secret"))
    }
    let missing = try await SpawnedCommand.run(["copy", "--from", "a.db", "--to", "b.db"], in: folder)
    #expect(missing.code == 1)
    #expect(missing.errors.split(separator: "\n").count == 1, "\(missing.errors)")
  }
}

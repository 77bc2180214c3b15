import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

/// `verbatim keys` and `verbatim accounts`, as they are typed.
@Suite struct AccessTests {
  private func status(_ url: String, _ key: String?) async throws -> Int {
    let fields: HTTPFields = key.map { ["Authorization": "Bearer \($0)"] } ?? [:]
    return try await HTTPClient().send("GET", url + "/api/chat/none", fields: fields).status
  }

  @Test(arguments: [["--auth", "on"], ["--host", "0.0.0.0"]])
  func `a server that asks for keys needs one before it starts`(_ arguments: [String]) async throws {
    let folder = try TemporaryFolder()
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments + ["--database", SpawnedServer.database(in: folder)], in: folder)
    }
    let refused = try await SpawnedCommand.run(
      ["serve", "--port", "0", "--database", SpawnedServer.database(in: folder)] + arguments, in: folder)
    #expect(refused.code == 2)
    #expect(refused.errors.contains("type: verbatim keys create --name NAME --database \(folder.path("verbatim.db"))"))
    let made = try await verbatim("keys", "create", "--name", "first", "--expires", "1d")
    #expect(made.code == 0, "\(made.errors)")
    let key = String(made.output.split(separator: "\n")[0])
    #expect(!made.errors.contains(key) && made.errors.contains(key.prefix(11)))

    let server = try await SpawnedServer.start(in: folder, arguments: arguments)
    #expect(try await status(server.url, nil) == 401)
    #expect(try await status(server.url, key) == 404)
    // From here on it goes through the server, which holds the file.
    let listed = try await verbatim("keys", "list")
    #expect(listed.output.contains(key.prefix(11)) && listed.output.contains("first"))
    let rotated = try await verbatim("keys", "rotate", String(key.prefix(11)))
    let second = String(rotated.output.split(separator: "\n")[0])
    #expect(try await status(server.url, key) == 401)
    #expect(try await status(server.url, second) == 404)
    let revoked = try await verbatim("keys", "revoke", String(second.prefix(11)))
    #expect(revoked.code == 0, "\(revoked.errors)")
    #expect(try await status(server.url, second) == 401)
    #expect(try await verbatim("keys", "list", "--all").output.contains("revoked"))
    let limited = try await verbatim("keys", "change", String(second.prefix(11)), "--rate", "100", "--burst", "default")
    #expect(limited.output.hasSuffix("requests a minute, at once: 100/default\n"), "\(limited.errors)")
    await server.terminate()
    for secret in [key, second].compactMap({ $0.split(separator: "-").last }) {
      #expect(!server.process.standardError.contains(secret) && !server.process.standardOutput.contains(secret))
      #expect(!listed.output.contains(secret))
    }
  }

  @Test func `one command makes the first administrator, and what is wrong says what to type`() async throws {
    let folder = try TemporaryFolder()
    func create(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      let database = SpawnedServer.database(in: folder)
      return try await SpawnedCommand.run(
        ["keys", "create", "--name", "console", "--scopes", "admin", "--database", database] + arguments, in: folder)
    }
    let plain = try await create()
    #expect(plain.code == 1 && plain.errors.contains("--make-account"))
    let unknown = try await create("--account", "ops")
    #expect(unknown.code == 1 && unknown.errors.contains("--make-account"))
    let made = try await create("--account", "ops", "--make-account")
    #expect(made.code == 0, "\(made.errors)")
    let server = try await SpawnedServer.start(in: folder, arguments: ["--auth", "on"])
    let key = String(made.output.split(separator: "\n")[0])
    let answer = try await HTTPClient().send(
      "GET", server.url + "/api/admin/accounts", fields: ["Authorization": "Bearer \(key)"])
    #expect(answer.status == 200)
    await server.terminate()
  }

  @Test func `an import goes through a server that asks for keys`() async throws {
    let folder = try TemporaryFolder()
    let database = SpawnedServer.database(in: folder)
    let made = try await SpawnedCommand.run(["keys", "create", "--name", "k", "--database", database], in: folder)
    let key = String(made.output.split(separator: "\n")[0])
    let server = try await SpawnedServer.start(in: folder, arguments: ["--auth", "on"])
    let file = Fixtures.path("exchanges.ndjson")
    let locked = try await SpawnedCommand.run(["import", file, "--database", database], in: folder)
    #expect(locked.output.hasPrefix("460 lines: 460 stored"), "\(locked.errors)")
    let refused = try await SpawnedCommand.run(["import", file, "--server", server.url], in: folder)
    #expect(refused.code == 1 && refused.errors.contains("401"))
    let named = try await SpawnedCommand.run(
      ["import", file, "--server", server.url], in: folder, environment: ["VERBATIM_KEY": key])
    #expect(named.output.hasPrefix("460 lines: 0 stored, 460 already there"), "\(named.errors)")
    await server.terminate()
    #expect(!server.process.standardError.contains(key))
  }

  @Test func `accounts are managed with and without a server`() async throws {
    let folder = try TemporaryFolder()
    func verbatim(_ arguments: String...) async throws -> SpawnedCommand.Outcome {
      try await SpawnedCommand.run(arguments + ["--database", SpawnedServer.database(in: folder)], in: folder)
    }
    #expect(try await verbatim("accounts", "create", "root", "--role", "admin").output == "root: role admin, active\n")
    let server = try await SpawnedServer.start(in: folder)
    #expect(try await verbatim("accounts", "create", "ana").output == "ana: role user, active\n")
    #expect(try await verbatim("accounts", "disable", "ana").output == "ana: role user, disabled\n")
    let taken = try await verbatim("accounts", "create", "ana")
    #expect(taken.code == 1 && taken.errors.contains("already"))
    let list = try await verbatim("accounts", "list").output.split(separator: "\n")
    #expect(
      list.map { $0.split(separator: " ").prefix(3).joined(separator: " ") } == [
        "name role status", "ana user disabled", "default user active", "root admin active",
      ])
    await server.terminate()
    #expect(try await verbatim("accounts", "enable", "ana").output == "ana: role user, active\n")
    #expect(try await verbatim("accounts", "set-role", "ana", "admin").output == "ana: role admin, active\n")
    for arguments in [
      ["accounts", "create"], ["accounts", "list", "x"], ["accounts", "paint", "x"], ["keys", "create"],
      ["keys", "revoke"], ["keys", "shout"],
    ] {
      #expect(try await SpawnedCommand.run(arguments, in: folder).code == 2, "\(arguments)")
    }
  }
}

import Databases
import Foundation
import Glibc
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

extension CrashTests {
  /// A server that is killed while it purges sessions that expired.
  @Suite(.timeLimit(.minutes(10))) struct ExpiryKillTests {
    private static let sessions = 6
    private static let exchanges = 1500
    private static let kept = 40
    private static let rounds = 6

    @Test(arguments: [TestEngine.sqlite, .postgreSQL, .mariaDB])
    func `a purge that is killed again and again goes on, and takes nothing else along`(
      engine: TestEngine
    ) async throws {
      let place = try await engine.makeDatabase()
      let folder = try TemporaryFolder()
      let dsn = try place.engine.dsn
      try await fill(place.engine)
      for round in 1...Self.rounds {
        let server = try await start(dsn, folder)
        let limit = Self.rowsAtFirst * (Self.rounds + 1 - round) / (Self.rounds + 1)
        try await waitUntil(place.engine, server, sees: Self.contents) { $0.rows < limit }
        await server.kill()
        try await endLease(place.engine)
        let verification = try await SpawnedCommand.run(["verify", "--database", dsn], in: folder)
        #expect(verification.code == 0, "\(verification.output)\(verification.errors)")
      }
      let server = try await start(dsn, folder)
      try await waitUntil(place.engine, server, sees: Self.contents) {
        $0 == Contents(rows: 2 * Self.kept, conversations: 2, purges: 0)
      }
      try check(server)
      #expect(await server.terminate() == .cleanExit)
      let verification = try await SpawnedCommand.run(["verify", "--database", dsn], in: folder)
      #expect(verification.code == 0, "\(verification.output)\(verification.errors)")
      try await place.drop()
    }

    private static var rowsAtFirst: Int { 2 * (sessions * exchanges + kept) }

    private func start(_ dsn: String, _ folder: TemporaryFolder) async throws -> SpawnedServer {
      try await SpawnedServer.start(
        in: folder, database: dsn, environment: ["SESSION_EXPIRY_ACTION": "purge", "SESSION_EXPIRY_HOURS": "1"])
    }

    /// Sessions that lie idle, one that does not, and recorded history that is as old.
    private func fill(_ engine: Engine) async throws {
      let now: Int64 = UnixClock.milliseconds()
      let hour: Int64 = 3_600_000
      let session = IdleRule.sessionSource
      try await append(engine, at: now - 30 * hour, source: session, to: (0..<Self.sessions).map(String.init))
      try await append(engine, at: now, source: session, to: ["awake"], count: Self.kept / 2)
      try await append(engine, at: now - 30 * hour, source: "api", to: ["recorded"], count: Self.kept / 2)
    }

    private func append(
      _ engine: Engine, at time: Int64, source: String, to conversations: [String], count: Int = Self.exchanges
    ) async throws {
      var configuration = Store.Configuration(engine)
      configuration.clock = { time }
      let store = try await Store.open(configuration)
      for conversation in conversations {
        let exchanges = (0..<count).map { number in
          var exchange = NewExchange(
            appID: "app", userID: "user", conversationID: conversation, clientMessageID: "k-\(number)",
            modelProvider: "p", modelName: "m",
            messages: [Message(role: "user", content: Bytes(utf8: "q \(number)"), contentKind: .text)],
            choices: [Message(role: "assistant", content: Bytes(utf8: "a \(number)"), contentKind: .text)])
          exchange.source = source
          return exchange
        }
        for result in await store.append(exchanges, account: "default") { _ = try result.get() }
      }
      await store.close()
    }

    private struct Contents: Equatable {
      var rows: Int
      var conversations: Int
      var purges: Int
    }

    private static func contents(_ connection: isolated Connection) throws -> Contents {
      let counts = try ["conversation_histories", "conversations", "verbatim_purges"].map { table in
        try connection.first("SELECT count(*) FROM \(identifier: table)") { Int($0.integer(0)) } ?? -1
      }
      return Contents(rows: counts[0], conversations: counts[1], purges: counts[2])
    }

    /// As two minutes do.
    private func endLease(_ engine: Engine) async throws {
      let database = try await Database.open(Database.Configuration(engine))
      try await database.writer.run { connection in
        try connection.executeScript("UPDATE verbatim_settings SET value = 'nobody 0' WHERE name = 'maintenance_lease'")
      }
      await database.close()
    }

    private func check(_ server: SpawnedServer) throws {
      let connection = try LoadConnection(port: server.port)
      for conversation in ["awake", "recorded"] {
        let page = try connection.get("/api/chat/\(conversation)/messages?limit=100").json()
        let items = try #require(page["data"] as? [[String: Any]])
        #expect(items.compactMap { $0["answer"] as? String } == (0..<Self.kept / 2).map { "a \($0)" })
        #expect(try connection.get("/api/chat/\(conversation)").json()["status"] as? String == "normal")
      }
      for conversation in 0..<Self.sessions {
        #expect(try connection.get("/api/chat/\(conversation)").status == 404)
      }
    }
  }
}

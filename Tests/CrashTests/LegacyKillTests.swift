import Databases
import Foundation
import Glibc
import Testing
import VerbatimTesting

extension CrashTests {
  /// A migration that is killed goes on where it was.
  @Suite struct LegacyKillTests {
    private static let conversations = 40
    private static let turns = 4000

    /// `CRASH_ROUNDS` chooses how often the migration is killed.
    @Test(arguments: [TestEngine.sqlite, .postgreSQL, .mariaDB])
    func `a migration that is killed again and again loses and doubles nothing`(engine: TestEngine) async throws {
      let rounds = ProcessInfo.processInfo.environment["CRASH_ROUNDS"].flatMap { Int($0) } ?? 8
      let place = try await engine.makeDatabase()
      let folder = try TemporaryFolder()
      let dsn = try place.engine.dsn
      try await fill(place.engine)
      for round in 0..<rounds {
        let process = try SpawnedProcess.start(
          ["migrate", "--account", "default", "--database", dsn], in: folder)
        try await waitUntilMoved(place.engine, rows: round * 2 * Self.turns / rounds, process)
        process.send(SIGKILL)
        _ = await process.waitForEnding()
      }
      let last = try await SpawnedCommand.run(
        ["migrate", "--account", "default", "--database", dsn], in: folder)
      #expect(last.code == 0, "\(last.output)\(last.errors)")
      let verification = try await SpawnedCommand.run(["verify", "--database", dsn], in: folder)
      #expect(verification.code == 0, "\(verification.output)\(verification.errors)")
      try await checkOverHTTP(dsn, folder)
      let dropped = try await SpawnedCommand.run(
        ["migrate", "--drop-legacy", "--database", dsn], in: folder)
      #expect(dropped.code == 0, "\(dropped.errors)")
      try await place.drop()
    }

    private func checkOverHTTP(_ dsn: String, _ folder: TemporaryFolder) async throws {
      let server = try await SpawnedServer.start(in: folder, database: dsn)
      let connection = try LoadConnection(port: server.port)
      for conversation in 0..<Self.conversations {
        let page = try connection.get("/api/chat/c-\(conversation)/messages?limit=100").json()
        let items = try #require(page["data"] as? [[String: Any]])
        let expected = (0..<Self.turns / Self.conversations).map { "q \($0 * Self.conversations + conversation)" }
        #expect(items.compactMap { $0["query"] as? String } == expected)
        #expect(items.compactMap { $0["answer"] as? String } == expected.map { "a" + $0.dropFirst() })
      }
      #expect(await server.terminate() == .cleanExit)
    }

    /// Seed 004's tables, whose conversations are the standard account's.
    private func fill(_ engine: Engine) async throws {
      let database = try await Database.open(Database.Configuration(engine))
      try await database.writer.run { connection in
        try connection.executeScript(
          """
          CREATE TABLE conversations (id VARCHAR(36) NOT NULL PRIMARY KEY, last_active VARCHAR(40), created_at VARCHAR(40));
          CREATE TABLE messages (
            id BIGINT NOT NULL PRIMARY KEY, conversation_id VARCHAR(36), role VARCHAR(20), content TEXT,
            timestamp VARCHAR(40))
          """)
        let time = "2025-01-15 10:30:00"
        let conversations = (0..<Self.conversations).map { "('c-\($0)', '\(time)', '\(time)')" }
        try connection.executeScript("INSERT INTO conversations VALUES \(conversations.joined(separator: ","))")
        for start in stride(from: 0, to: Self.turns, by: 500) {
          let rows = (start..<start + 500).flatMap { turn -> [String] in
            let conversation = "c-\(turn % Self.conversations)"
            return [
              "(\(turn * 2 + 1), '\(conversation)', 'user', 'q \(turn)', '\(time)')",
              "(\(turn * 2 + 2), '\(conversation)', 'assistant', 'a \(turn)', '\(time)')",
            ]
          }
          try connection.executeScript("INSERT INTO messages VALUES \(rows.joined(separator: ","))")
        }
      }
      await database.close()
    }

    /// Returns when so many rows are there, or the process has ended. The process says nothing of it, so the database is
    /// asked.
    private func waitUntilMoved(_ engine: Engine, rows: Int, _ process: SpawnedProcess) async throws {
      var configuration = Database.Configuration(engine)
      configuration.isWritable = false
      let database = try await Database.open(configuration)
      while process.isRunning, try await movedRows(database) < rows {}
      await database.close()
    }

    private func movedRows(_ database: Database) async throws -> Int64 {
      do {
        return try await database.read { connection in
          try connection.first("SELECT count(*) FROM conversation_histories") { $0.integer(0) } ?? 0
        }
      } catch let error as DatabaseError where error.kind != .cancelled {
        // The table is made by the migration.
        return -1
      }
    }
  }
}

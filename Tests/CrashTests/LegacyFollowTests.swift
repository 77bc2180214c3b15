import Databases
import Glibc
import Testing
import VerbatimTesting

extension CrashTests {
  /// `verbatim import --follow` beside a program that goes on writing.
  @Suite struct LegacyFollowTests {
    @Test func `following survives a kill, keeps up, and ends when it is asked to`() async throws {
      let folder = try TemporaryFolder()
      let source = try await Database.open(Database.Configuration(path: folder.path("gateway.db")))
      try await source.writer.run { connection in
        try connection.executeScript(
          """
          CREATE TABLE conversation_histories (
            id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, created_at INTEGER, conversation_id VARCHAR(255),
            message_id VARCHAR(255), role VARCHAR(20), content TEXT)
          """)
      }
      try await write(3000, to: source)
      let arguments = [
        "import", "--format", "mes", "--from", folder.path("gateway.db"), "--follow", "--account", "default",
        "--database", folder.path("verbatim.db"),
      ]
      let first = try SpawnedProcess.start(arguments, in: folder)
      try await waitForRows(1, in: folder, while: first)
      first.send(SIGKILL)
      _ = await first.waitForEnding()

      let second = try SpawnedProcess.start(arguments, in: folder)
      try await waitForRows(6000, in: folder, while: second)
      try await write(10, to: source)
      try await waitForRows(6020, in: folder, while: second)
      second.send(SIGTERM)
      #expect(await second.waitForEnding() == .cleanExit, "\(second.standardError)")
      await source.close()

      #expect(try await rows(in: folder) == 6020)
      let verification = try await SpawnedCommand.run(["verify", "--database", folder.path("verbatim.db")], in: folder)
      #expect(verification.code == 0, "\(verification.output)\(verification.errors)")
    }

    /// Exchanges of two rows each.
    private func write(_ count: Int, to source: Database) async throws {
      try await source.writer.run { connection in
        let last: Int64 =
          try connection.first("SELECT coalesce(max(id), 0) FROM conversation_histories") { $0.integer(0) } ?? 0
        let values = (0..<count).flatMap { index -> [String] in
          let conversation = "c-\(index % 50)"
          return [
            "(1, 1736937000, '\(conversation)', '\(conversation)_user_0', 'user', 'q \(last + Int64(index))')",
            "(1, 1736937000, '\(conversation)', '\(conversation)_assistant_1', 'assistant', 'a \(index)')",
          ]
        }
        try connection.executeScript(
          """
          INSERT INTO conversation_histories (user_id, created_at, conversation_id, message_id, role, content)
          VALUES \(values.joined(separator: ","))
          """)
      }
    }

    /// The process says nothing of it, so the database is asked.
    private func waitForRows(_ count: Int64, in folder: TemporaryFolder, while process: SpawnedProcess) async throws {
      while try await rows(in: folder) < count {
        guard process.isRunning else { throw SpawnError("the import ended: \(process.standardError)") }
        try await Task.sleep(for: .milliseconds(20))
      }
    }

    /// -1 as long as there is no such table.
    private func rows(in folder: TemporaryFolder) async throws -> Int64 {
      var configuration = Database.Configuration(path: folder.path("verbatim.db"))
      configuration.isWritable = false
      do {
        let database = try await Database.open(configuration)
        let count: Int64?
        do {
          count = try await database.read { connection in
            try connection.first("SELECT count(*) FROM conversation_histories") { $0.integer(0) }
          }
        } catch {
          count = nil
        }
        await database.close()
        return count ?? -1
      } catch is DatabaseError {
        return -1
      }
    }
  }
}

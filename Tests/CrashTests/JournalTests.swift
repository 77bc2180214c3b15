import Foundation
import HTTP
import Testing
import VerbatimTesting

extension CrashTests {
  /// The real binary beside a database server that dies.
  @Suite(.timeLimit(.minutes(5))) struct JournalTests {
    private let client = HTTPClient()

    @Test func `what was acknowledged while the database was away survives the death of both`() async throws {
      let database = try await PostgreSQLServer.start()
      let folder = try TemporaryFolder()
      do {
        try await run(database, in: folder)
      } catch {
        try await database.stop()
        throw error
      }
      try await database.stop()
    }

    private func run(_ database: PostgreSQLServer, in folder: TemporaryFolder) async throws {
      let name = try await database.createDatabase()
      let dsn = "postgres://\(PostgreSQLServer.user)@/\(name)?host=\(database.folder.path)&port=\(database.port)"
      let arguments = ["--journal", folder.path("journal.db")]
      let first = try await SpawnedServer.start(in: folder, database: dsn, arguments: arguments)
      #expect(try await insert("0", at: first).fields["X-Verbatim-Durability"] == nil)
      try await database.kill()
      for number in 1...10 {
        let answer = try await insert("\(number)", at: first)
        #expect(answer.status == 200)
        #expect(answer.fields["X-Verbatim-Durability"] == "journal")
      }
      let ready = try await get("/health/ready", at: first)
      #expect(ready.status == 200)
      #expect(text(ready).contains(#""degraded":true"#))
      #expect(text(ready).contains(#""journal":{"waiting":10,"#))
      let reading = try await get("/api/chat/c", at: first)
      #expect(reading.status == 503)
      #expect(reading.fields["Retry-After"] != nil)
      await first.kill()
      try await database.start()
      let second = try await SpawnedServer.start(in: folder, database: dsn, arguments: arguments)
      // There is no event to wait for; the suite's time limit ends it.
      while text(try await get("/health/ready", at: second)) != #"{"status":"ready"}"# {
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(text(try await get("/api/chat/c", at: second)).contains(#""dialogue_count":11"#))
      await second.terminate()
      let verified = try await SpawnedCommand.run(["verify", "--database", dsn], in: folder)
      #expect(verified.code == 0, "\(verified.output)")
    }

    private func text(_ answer: HTTPClient.Answer) -> String { String(decoding: answer.body, as: UTF8.self) }

    private func insert(_ query: String, at server: SpawnedServer) async throws -> HTTPClient.Answer {
      let body = #"{"app_id":"a","user_id":"u","conversation_id":"c","query":"\#(query)","answer":"b"}"#
      return try await client.send(
        "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"], body: Array(body.utf8))
    }

    private func get(_ path: String, at server: SpawnedServer) async throws -> HTTPClient.Answer {
      try await client.send("GET", server.url + path)
    }
  }
}

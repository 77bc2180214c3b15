import Databases
import Foundation
import Glibc
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

extension CrashTests {
  /// A server that is killed while it makes the file of a background export.
  @Suite(.timeLimit(.minutes(10))) struct ExportKillTests {
    private static let exchanges = 2_400
    private static let rounds = 4

    @Test(arguments: [TestEngine.sqlite, .postgreSQL, .mariaDB])
    func `an export that is killed again and again is equal to an unbroken one`(engine: TestEngine) async throws {
      let place = try await engine.makeDatabase()
      let folder = try TemporaryFolder()
      let dsn = try place.engine.dsn
      try await fill(place.engine)
      var server = try await start(dsn, folder)
      let unbroken = try await finished(try add(to: server), on: server)
      #expect(unbroken.split(separator: 0x0A).count == Self.exchanges + 1)
      let broken = try add(to: server)
      var reached = 0
      for round in 1...Self.rounds {
        let goal = unbroken.count * round / (Self.rounds + 1)
        reached = try await waitForBytes(Int.random(in: min(reached, goal)...goal), of: broken, in: folder, server)
        await server.kill()
        try await endLeases(place.engine)
        server = try await start(dsn, folder)
      }
      #expect(try await finished(broken, on: server) == unbroken)
      #expect(await server.terminate() == .cleanExit)
      try await place.drop()
    }

    @Test(.enabled(if: SmallDisk.canBeMounted, "only root may mount a disk"))
    func `an export that fills its disk fails, and gives the room back`() async throws {
      let disk = try SmallDisk(megabytes: 16)
      let folder = try TemporaryFolder()
      let database = SpawnedServer.database(in: folder)
      try await fill(.sqlite(SQLiteFile(path: database)))
      let server = try await SpawnedServer.start(
        in: folder, environment: ["EXPORT_FOLDER": disk.path("exports")])
      let id = try add(to: server)
      let job = try await ended(id, on: server)
      #expect(job["state"] as? String == "failed")
      #expect((job["error"] as? String)?.contains("No space left on device") == true)
      #expect((job["error"] as? String)?.contains(disk.path("")) == false)
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path("exports")) == [])
      let connection = try LoadConnection(port: server.port)
      #expect(try connection.get("/api/exports/\(id)/file").status == 409)
      let body = Data(#"{"app_id":"app","user_id":"user","query":"still","answer":"recorded"}"#.utf8)
      #expect(try connection.post("/api/chat/insert", body).status == 200)
      #expect(await server.terminate() == .cleanExit)
    }

    /// Some 24 MB.
    private func fill(_ engine: Engine) async throws {
      let store = try await Store.open(Store.Configuration(engine))
      let text = String(repeating: "0123456789 ", count: 900)
      let exchanges = (0..<Self.exchanges).map { number in
        NewExchange(
          appID: "app", userID: "user", conversationID: "c\(number % 50)", modelProvider: "p", modelName: "m",
          messages: [Message(role: "user", content: Bytes(utf8: "q \(number)"), contentKind: .text)],
          choices: [Message(role: "assistant", content: Bytes(utf8: "\(number) \(text)"), contentKind: .text)])
      }
      for result in await store.append(exchanges, account: "default") { _ = try result.get() }
      await store.close()
    }

    private func start(_ dsn: String, _ folder: TemporaryFolder) async throws -> SpawnedServer {
      try await SpawnedServer.start(in: folder, database: dsn, environment: ["EXPORT_FOLDER": folder.path("exports")])
    }

    private func add(to server: SpawnedServer) throws -> String {
      let connection = try LoadConnection(port: server.port)
      let answer = try connection.post("/api/exports", Data(#"{"format":"ndjson"}"#.utf8))
      #expect(answer.status == 200)
      return try #require(try answer.json()["id"] as? String)
    }

    private func ended(_ id: String, on server: SpawnedServer) async throws -> [String: Any] {
      let connection = try LoadConnection(port: server.port)
      while true {
        let job = try connection.get("/api/exports/\(id)").json()
        if ["done", "failed"].contains(job["state"] as? String) { return job }
        try await Task.sleep(for: .milliseconds(5))
      }
    }

    private func finished(_ id: String, on server: SpawnedServer) async throws -> Data {
      let job = try await ended(id, on: server)
      #expect(job["state"] as? String == "done")
      let answer = try LoadConnection(port: server.port).get("/api/exports/\(id)/file")
      #expect(answer.status == 200)
      return answer.body
    }

    /// Answers how many are there, at least as many, or all of them.
    private func waitForBytes(
      _ goal: Int, of id: String, in folder: TemporaryFolder, _ server: SpawnedServer
    ) async throws -> Int {
      while server.process.isRunning {
        var facts = stat()
        if stat(folder.path("exports/\(id)"), &facts) == 0 { break }
        if stat(folder.path("exports/\(id).partial"), &facts) == 0, facts.st_size >= goal { break }
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(server.process.isRunning)
      return goal
    }

    /// As half a minute does.
    private func endLeases(_ engine: Engine) async throws {
      guard engine.file == nil else { return }
      let database = try await Database.open(Database.Configuration(engine))
      try await database.writer.run { try $0.executeScript("UPDATE verbatim_jobs SET lease_until = 0") }
      await database.close()
    }
  }
}

import Databases
import Foundation
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

extension CrashTests {
  /// A server that is killed while it builds the search index and while exchanges come.
  @Suite(.timeLimit(.minutes(10))) struct SearchKillTests {
    private static let stored = 5_000
    private static let rounds = 5
    private static let sentARound = 30

    @Test(arguments: [TestEngine.sqlite, .postgreSQL, .mariaDB])
    func `an index whose builder is killed again and again has everything once`(engine: TestEngine) async throws {
      let place = try await engine.makeDatabase()
      let folder = try TemporaryFolder()
      let dsn = try place.engine.dsn
      try await fill(place.engine)
      for round in 1...Self.rounds {
        let server = try await SpawnedServer.start(in: folder, database: dsn)
        try send(round, to: server)
        try await waitUntil(place.engine, server, sees: Self.progress) { $0.segments >= round }
        await server.kill()
      }
      let server = try await SpawnedServer.start(in: folder, database: dsn)
      try await waitUntil(place.engine, server, sees: Self.progress) { $0.isWhole }
      let expected = 2 * (Self.stored + Self.rounds * Self.sentARound)
      #expect(try found(by: server, "gemeinsam") == expected)
      for round in 1...Self.rounds { #expect(try found(by: server, "runde\(round)") == Self.sentARound) }
      #expect(await server.terminate() == .cleanExit)
      try await place.drop()
    }

    private func fill(_ engine: Engine) async throws {
      let store = try await Store.open(Store.Configuration(engine))
      let exchanges = (0..<Self.stored).map { number in
        NewExchange(
          appID: "app", userID: "user", conversationID: "c\(number % 100)", modelProvider: "p", modelName: "m",
          messages: [Message(role: "user", content: Bytes(utf8: "gemeinsam \(number)"), contentKind: .text)],
          choices: [Message(role: "assistant", content: Bytes(utf8: "\(number) gemeinsam"), contentKind: .text)])
      }
      for result in await store.append(exchanges, account: "default") { _ = try result.get() }
      await store.close()
    }

    private func send(_ round: Int, to server: SpawnedServer) throws {
      let connection = try LoadConnection(port: server.port)
      for number in 0..<Self.sentARound {
        let body = """
          {"app_id":"app","user_id":"user","query":"gemeinsam runde\(round)","answer":"gemeinsam \(number)"}
          """
        #expect(try connection.post("/api/chat/insert", Data(body.utf8)).status == 200)
      }
    }

    private struct Progress {
      var segments: Int
      var isWhole: Bool
    }

    private static func progress(_ connection: isolated Connection) throws -> Progress {
      let position = try connection.first("SELECT value FROM verbatim_search_state WHERE name = 'feed'") {
        $0.text(0)
      }
      let newest = try connection.number("SELECT max(seq) FROM verbatim_batches")
      let days = try connection.number("SELECT count(*) FROM verbatim_search_days")
      let open = try connection.number("SELECT count(*) FROM verbatim_search_days WHERE state <> 1")
      return Progress(
        segments: try connection.number("SELECT max(id) FROM verbatim_search_segments"),
        isWhole: position == "\(newest)" && days > 0 && open == 0)
    }

    /// How many messages, none of them twice.
    private func found(by server: SpawnedServer, _ word: String) throws -> Int {
      let connection = try LoadConnection(port: server.port)
      var ids: Set<String> = []
      var count = 0
      var cursor = ""
      repeat {
        let page = try connection.get("/api/v1/search?q=\(word)&sort=time&limit=100\(cursor)").json()
        let results = try #require(page["results"] as? [[String: Any]])
        #expect(page["complete"] as? Bool == true)
        ids.formUnion(results.compactMap { $0["message_id"] as? String })
        count += results.count
        cursor = (page["next_cursor"] as? String).map { "&cursor=\($0)" } ?? ""
      } while !cursor.isEmpty
      #expect(ids.count == count)
      return count
    }
  }
}

extension Connection {
  fileprivate func number(_ query: SQL) throws -> Int { try first(query) { Int($0.integer(0)) } ?? 0 }
}

import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// A key stands in the answer that shows it, and nowhere else: not in a log at its most talkative, not in what a crash
/// prints, not in the database or what its server writes beside it, not in Redis.
@Suite(.timeLimit(.minutes(4))) struct SecretTests {
  /// What is looked for of a key: as much as nothing else would have by chance.
  private static func pieces(of key: String) -> [String] {
    let hidden = Array(key.utf8.suffix(43))
    return stride(from: 0, through: hidden.count - 12, by: 1).map {
      String(decoding: hidden[$0..<$0 + 12], as: UTF8.self)
    }
  }

  private func withPlace(
    _ engine: TestEngine, _ body: @Sendable (_ dsn: String, _ folder: TemporaryFolder) async throws -> Void
  ) async throws {
    guard engine != .sqlite else {
      let folder = try TemporaryFolder()
      return try await body(folder.path("verbatim.db"), folder)
    }
    try await OwnServer.with(engine) { server in try await body(server.dsn("secrets"), server.folder) }
  }

  @Test(arguments: [TestEngine.sqlite, .postgreSQL, .mariaDB], [SIGSEGV, SIGABRT])
  func `keys are nowhere, however the server ends`(_ engine: TestEngine, _ signal: Int32) async throws {
    try await RedisServer.with(["--appendonly", "yes"]) { redis in
      try await withPlace(engine) { dsn, place in
        let made = try await SpawnedCommand.run(
          ["keys", "create", "--name", "a", "--scopes", "admin", "--account", "root", "--make-account"]
            + ["--database", dsn], in: TemporaryFolder())
        let admin = String(try #require(made.output.split(separator: "\n").first, "\(made.errors)"))
        let server = try await SpawnedServer.start(
          in: TemporaryFolder(), database: dsn, arguments: ["--auth", "on"],
          environment: [
            "LOG_LEVEL": "debug", "DEBUG": "true", "ACCESS_LOG": "on", "SLOW_QUERY_MS": "0", "RATE_LIMIT_KEY": "1000",
            "REDIS_CONN_STRING": "redis://127.0.0.1:\(redis.port)/0",
            "SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no,threads=all,images=all,timeout=60s",
          ])
        let (keys, answers) = try await use(admin, server)
        let token = try lockToken(of: engine == .sqlite ? dsn : nil)
        // While it works.
        async let under = (0..<20).asyncMap { _ in
          try? await HTTPClient().send("GET", server.url + "/api/chat/c/messages", fields: ["x-api-key": keys[0]])
        }
        server.process.send(signal)
        // A file has no event to wait for, and the suite's time limit ends this. A signal that no fault raised does not
        // come back when the backtrace is printed, and another of its kind may find every thread stopped for good.
        while !server.process.standardError.contains("Backtrace took") { try await Task.sleep(for: .milliseconds(20)) }
        await server.kill()
        _ = await under
        let said = server.process.standardError + server.process.standardOutput
        #expect(said.contains("Program crashed") && said.contains(#""message":"Request""#))
        for key in keys + token {
          for piece in Self.pieces(of: key) {
            #expect(!said.contains(piece))
            #expect(answers.allSatisfy { !$0.contains(piece) })
          }
        }
        let secrets = keys.map { Data($0.utf8.suffix(43)) }
        var known = false
        for folder in [place.path, server.folder.path, redis.folder.path] {
          for (name, content) in try contents(of: folder) where !name.hasSuffix(".lock") {
            #expect(secrets.allSatisfy { content.range(of: $0) == nil }, "\(name)")
            if content.range(of: Data(keys[0].utf8.prefix(11))) != nil { known = true }
          }
        }
        // So it was looked where keys are.
        #expect(known)
      }
    }
  }

  /// Uses keys in all the ways there are, also wrong ones; gives all of them, and what was answered but for new keys.
  private func use(_ admin: String, _ server: SpawnedServer) async throws -> (keys: [String], answers: [String]) {
    let client = HTTPClient()
    func send(_ method: String, _ path: String, _ key: String, _ body: String? = nil) async throws -> JSONSlice {
      let answer = try await client.send(
        method, server.url + path, fields: ["Authorization": "Bearer \(key)", "Content-Type": "application/json"],
        body: body.map { Array($0.utf8) })
      return try JSONSlice(checking: answer.body[...])
    }
    let made = try await send("POST", "/api/admin/keys", admin, #"{"name":"one","rate_per_minute":100}"#)
    let (key, id) = (try #require(made.string("key")), try #require(made.string("id")))
    let second = try await send("POST", "/api/admin/keys", admin, #"{"name":"two","expires_at":"2100-01-01"}"#)
    let secondPath = "/api/admin/keys/" + (second.string("id") ?? "")
    let third = try await send("POST", secondPath + "/rotate", admin, #"{"overlap_seconds":100}"#)
    let keys = [key, try #require(second.string("key")), try #require(third.string("key")), admin, KeySecret().text]
    var answers: [String] = []
    for key in keys {
      let exchange = Bodies.exchange("q", answer: "a", #""conversation_id":"c""#)
      for (method, path, body) in [
        ("POST", "/api/chat/insert", exchange), ("POST", "/api/chat/insert/batch", "[\(exchange),7]"),
        ("POST", "/api/chat/insert", "{"), ("GET", "/api/chat/c/messages", nil), ("GET", "/nowhere", nil),
        ("GET", "/api/chat/none?api_key=\(key)&x-api-key=\(key)", nil),
        ("PATCH", "/api/v1/conversations/c", #"{"a":1"#),
        ("GET", "/api/admin/keys?status=all", nil), ("GET", "/api/admin/audit", nil),
        ("PATCH", "/api/admin/keys/\(id)", #"{"name":"other"}"#), ("DELETE", "/api/v1/conversations/none", nil),
      ] {
        answers.append(try await send(method, path, key, body).text)
      }
    }
    return (keys, answers)
  }

  /// What the command line shows to the server that holds a file; none for a database on a server.
  private func lockToken(of file: String?) throws -> [String] {
    guard let file else { return [] }
    let lock = try String(contentsOfFile: file + ".lock", encoding: .utf8)
    let token = lock.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("vb-") }
    return [String(try #require(token))]
  }

  private func contents(of folder: String) throws -> [(name: String, content: Data)] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).compactMap { name in
      let path = folder + "/" + name
      guard try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType == .typeRegular else {
        return nil
      }
      return (name, try Data(contentsOf: URL(fileURLWithPath: path)))
    }
  }
}

extension Range<Int> {
  /// What `body` gives for each, all at once.
  fileprivate func asyncMap<Result: Sendable>(_ body: @escaping @Sendable (Int) async -> Result) async -> [Result] {
    await withTaskGroup(of: Result.self) { group in
      for index in self { group.addTask { await body(index) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }
}

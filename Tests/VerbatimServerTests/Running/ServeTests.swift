import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// The real binary as a server.
@Suite struct ServeTests {
  @Test(arguments: [SIGTERM, SIGINT])
  func `a signal drains and ends with 0`(_ signal: Int32) async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder)
    let client = HTTPClient()
    let receipts = try await withThrowingTaskGroup(of: (status: Int, body: [UInt8]).self) { group in
      for index in 0..<32 {
        group.addTask {
          let answer = try await client.send(
            "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"],
            body: Array(Bodies.exchange("q\(index)", answer: "a", #""conversation_id":"c""#).utf8))
          return (answer.status, answer.body)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(receipts.allSatisfy { $0.status == 200 })
    server.process.send(signal)
    #expect(await server.process.waitForEnding() == .init(code: 0, wasSignalled: false))
    let again = try await SpawnedServer.start(in: folder)
    let answer = try await client.send("GET", again.url + "/api/chat/c")
    #expect(try JSONSlice(checking: answer.body[...])["dialogue_count"]?.integer == 32)
    await again.terminate()
    let verified = try await SpawnedCommand.run(["verify", "--database", server.database], in: folder)
    #expect(verified.code == 0, "\(verified.output) \(verified.errors)")
  }

  @Test func `a second signal ends at once`() async throws {
    let folder = try TemporaryFolder()
    let server = try await SpawnedServer.start(in: folder, arguments: ["--drain-timeout", "600"])
    let connection = try RawConnection(port: server.port)
    // A request that never ends keeps the drain waiting.
    try connection.send(
      "POST /api/chat/insert HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n")
    #expect(try connection.readLine().contains("100"))
    server.process.send(SIGTERM)
    while !server.process.standardError.contains("Draining") { try await Task.sleep(for: .milliseconds(5)) }
    server.process.send(SIGTERM)
    #expect(await server.process.waitForEnding().code == 128 + SIGTERM)
  }

  @Test func `a port in use is told in a line`() async throws {
    try await SpawnedServer.with { server in
      let outcome = try await SpawnedCommand.run(
        ["serve", "--port", String(server.port), "--database", "other.db"], in: server.folder)
      #expect(outcome.code == 1)
      #expect(outcome.errors.split(separator: "\n").last?.contains("\(server.port)") == true)
    }
  }

  @Test func `a second server on one database is told who has it`() async throws {
    try await SpawnedServer.with { server in
      let outcome = try await SpawnedCommand.run(
        ["serve", "--port", "0", "--database", server.database], in: server.folder)
      #expect(outcome.code == 1)
      #expect(outcome.errors.contains(server.url))
      #expect(outcome.errors.contains("pid \(server.process.processIdentifier)"))
    }
  }

  @Test func `what the server makes is for its owner alone`() async throws {
    let folder = try TemporaryFolder()
    let previous = umask(0o022)
    let server = try await SpawnedServer.start(in: folder)
    umask(previous)
    let answer = try await HTTPClient().send(
      "POST", server.url + "/api/chat/insert", fields: ["Content-Type": "application/json"],
      body: Array(Bodies.exchange().utf8))
    #expect(answer.status == 200)
    for suffix in ["", "-wal", "-shm", ".lock"] {
      var facts = stat()
      #expect(stat(server.database + suffix, &facts) == 0)
      #expect(facts.st_mode & 0o777 == 0o600, "\(suffix)")
    }
    await server.kill()
  }

  @Test(arguments: [("info", true), ("warning", false), ("error", false)])
  func `the settings are logged at the level of information`(_ level: String, _ isLogged: Bool) async throws {
    // A busy machine's slow statements are warnings of their own.
    let server = try await SpawnedServer.start(
      in: TemporaryFolder(), arguments: ["--log-level", level, "--slow-query-ms", "60000"])
    await server.terminate()
    #expect(server.process.standardError.contains("Settings") == isLogged)
    #expect(server.process.standardError.isEmpty != isLogged)
  }

  @Test func `the log is JSON lines or text`() async throws {
    let folder = try TemporaryFolder()
    let json = try await SpawnedServer.start(in: folder, arguments: ["--access-log", "on"])
    _ = try await HTTPClient().send("GET", json.url + "/health/live")
    await json.terminate()
    let lines = json.process.standardError.split(separator: "\n")
    #expect(
      lines.allSatisfy { (try? JSONSlice(checking: Bytes(utf8: String($0))))?.string("time")?.hasSuffix("Z") == true })
    #expect(lines.contains { $0.contains("/health/live") && $0.contains(#""status":"200""#) })
    let text = try await SpawnedServer.start(
      in: folder, arguments: ["--log-format", "text", "--access-log", "off"], environment: ["TZ": "UTC"])
    _ = try await HTTPClient().send("GET", text.url + "/nothing")
    await text.terminate()
    #expect(text.process.standardError.contains(" INFO Listening url=\(text.url)"))
    #expect(!text.process.standardError.contains("/nothing"))
  }

  @Test func `the clients of the older service find what they know`() async throws {
    let server = try await SpawnedServer.start(in: TemporaryFolder(), port: 10000)
    do {
      try await runExamples()
      try await checkOldAssertions(server.url)
    } catch {
      await server.kill()
      throw error
    }
    #expect(await server.terminate().code == 0)
  }

  /// Section 6 of the seed, unchanged.
  private func runExamples() async throws {
    let python = Fixtures.python
    for (name, count) in [("example_basic.py", 1), ("example_with_files.py", 1), ("example_batch.py", 3)] {
      let outcome = try await SpawnedCommand.run(
        [Fixtures.path("seed003/" + name)], executable: python, in: TemporaryFolder(),
        environment: ["PYTHONIOENCODING": "utf-8"])
      #expect(outcome.code == 0, "\(name): \(outcome.errors)")
      #expect(outcome.output.components(separatedBy: #""success": true"#).count == count + 1, "\(outcome.output)")
    }
  }

  /// What section 9.2 of the seed asserts.
  private func checkOldAssertions(_ url: String) async throws {
    let client = HTTPClient()
    let fields: HTTPFields = ["Content-Type": "application/json"]
    let good = try await client.send(
      "POST", url + "/api/chat/insert", fields: fields, body: Array(Bodies.exchange("测试查询", answer: "测试回答").utf8))
    let result = try JSONSlice(checking: good.body[...])
    #expect(good.status == 200)
    #expect(result["success"]?.boolean == true)
    #expect(result["conversation_id"] != nil && result["message_id"] != nil)
    let bad = try await client.send(
      "POST", url + "/api/chat/insert", fields: fields,
      body: Array(#"{"app_id":"","user_id":"test-user","query":"测试查询","answer":"测试回答"}"#.utf8))
    #expect(bad.status == 400)
    #expect(try JSONSlice(checking: bad.body[...])["detail"] != nil)
  }
}

import Redis
import Testing
import VerbatimTesting

@Suite(.timeLimit(.minutes(2))) struct RedisClientTests {
  @Test func `bytes come back as they were set`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address)
      let value: [UInt8] = [0, 1, 13, 10, 255, 0]
      _ = try await client.send([Array("SET".utf8), Array("key".utf8), value])
      #expect(try await client.send("GET", "key") == .bytes(value))
      #expect(try await client.send("GET", "") == .null)
    }
  }

  @Test func `callers at once get each their own reply`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address, timeout: .seconds(10))
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<2000 {
          group.addTask { try await client.send("ECHO", "call \(index)") == .bytes(Array("call \(index)".utf8)) }
        }
        for try await isOwn in group { #expect(isOwn) }
      }
    }
  }

  @Test func `an error is the caller's, and the connection goes on`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address)
      let error = await #expect(throws: RedisError.self) { try await client.send("INCR") }
      #expect(error?.kind == .refused)
      #expect(try await client.send("INCR", "count") == .integer(1))
      let list: RedisValue = .array([.integer(7), .bytes([120])])
      #expect(try await client.send("EVAL", "return {7, 'x'}", "0") == list)
    }
  }

  @Test func `a password and a database are used`() async throws {
    try await RedisServer.with(["--requirepass", "wö rd"]) { server in
      var address = server.address
      address.password = "wö rd"
      address.database = 3
      let client = try await RedisClient.connect(to: address)
      _ = try await client.send("SET", "key", "3")
      let found = try await client.send("EVAL", "redis.call('SELECT', 3) return redis.call('GET', 'key')", "0")
      #expect(found == .bytes([51]))

      address.password = "wrong"
      let stranger = try await RedisClient.connect(to: address)
      let error = await #expect(throws: RedisError.self) { try await stranger.send("GET", "key") }
      #expect(error?.kind == .unavailable)
      #expect(error?.description.contains("WRONGPASS") == true)
    }
  }

  @Test func `a script is known again after the server has forgotten it`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address)
      let script = RedisScript("return {KEYS[1], ARGV[1]}")
      let reply: RedisValue = .array([.bytes([107]), .bytes([97])])
      #expect(try await client.run(script, keys: ["k"], ["a"]) == reply)
      _ = try await client.send("SCRIPT", "FLUSH")
      #expect(try await client.run(script, keys: ["k"], ["a"]) == reply)
    }
  }

  @Test func `a connection that the server closed while it lay idle is replaced unseen`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address)
      let other = try await RedisClient.connect(to: server.address)
      #expect(try await client.send("PING") == .bytes(Array("PONG".utf8)))
      #expect(try await other.send("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") == .integer(1))
      #expect(try await client.send("PING") == .bytes(Array("PONG".utf8)))
    }
  }

  @Test func `a server that was killed fails its callers and is found again`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address, retryingEvery: .milliseconds(20))
      _ = try await client.send("PING")
      try await server.kill()
      let error = await #expect(throws: RedisError.self) { try await client.send("PING") }
      #expect(error?.kind == .unavailable)
      try await server.start()
      await eventually { try await client.send("PING") == .bytes(Array("PONG".utf8)) }
    }
  }

  @Test func `a server that hangs counts as away until it answers again`() async throws {
    try await RedisServer.with { server in
      let client = try await RedisClient.connect(to: server.address, retryingEvery: .milliseconds(20))
      _ = try await client.send("PING")
      try server.pause()
      await eventually { !((try? await client.send("PING")) != nil) }
      try server.resume()
      await eventually { try await client.send("PING") == .bytes(Array("PONG".utf8)) }
    }
  }

  @Test func `nobody there is said at once`() async throws {
    let client = try await RedisClient.connect(to: RedisAddress(port: try freePort()))
    let error = await #expect(throws: RedisError.self) { try await client.send("PING") }
    #expect(error?.description == "Connection refused")
  }

  /// Returns once `condition` holds; the suite's time limit ends what never does.
  private func eventually(_ condition: @Sendable () async throws -> Bool) async {
    while true {
      // A failure is what it waits to be over.
      if let holds = try? await condition(), holds { return }
      await Task.yield()
    }
  }
}

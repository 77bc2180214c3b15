import HTTP
import Testing
import VerbatimTesting

@Suite(.timeLimit(.minutes(2))) struct SharedLimitTests {
  private func environment(_ redis: RedisServer) -> [String: String] {
    [
      "REDIS_CONN_STRING": "redis://127.0.0.1:\(redis.port)/1", "REDIS_TIMEOUT_MS": "10000",
      "RATE_LIMIT_ADDRESS": "1", "RATE_LIMIT_BURST": "20",
    ]
  }

  private func statuses(
    _ count: Int, from servers: [SpawnedServer], _ fields: HTTPFields = [:]
  ) async throws -> [Int] {
    let client = HTTPClient()
    return try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<count {
        let url = servers[index % servers.count].url + "/api/chat/nobody"
        group.addTask { try await client.send("GET", url, fields: fields).status }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test func `two servers share one limit`() async throws {
    try await RedisServer.with { redis in
      try await SpawnedServer.with(environment: environment(redis)) { first in
        try await SpawnedServer.with(environment: environment(redis)) { second in
          let statuses = try await statuses(100, from: [first, second])
          #expect(statuses.filter { $0 == 404 }.count == 20)
          #expect(statuses.filter { $0 == 429 }.count == 80)
        }
      }
    }
  }

  @Test(arguments: SharedDatabase.engines)
  func `two servers share a key's own limit`(_ engine: TestEngine) async throws {
    try await RedisServer.with { redis in
      try await SharedDatabase.with(engine) { database in
        let environment = [
          "REDIS_CONN_STRING": "redis://127.0.0.1:\(redis.port)/1", "REDIS_TIMEOUT_MS": "10000",
        ]
        let key = try await database.makeKey(["--rate", "1", "--burst", "7"])
        let first = try await database.startServer(environment: environment)
        let second = try await database.startServer(environment: environment)
        let statuses = try await statuses(20, from: [first, second], ["x-api-key": key])
        #expect(statuses.filter { $0 == 404 }.count == 7)
        #expect(statuses.filter { $0 == 429 }.count == 13)
        for server in [first, second] { await server.terminate() }
      }
    }
  }

  @Test func `Redis killed amid requests fails none of them`() async throws {
    try await RedisServer.with { redis in
      try await SpawnedServer.with(environment: environment(redis)) { server in
        async let during = statuses(2000, from: [server])
        try await redis.kill()
        let all = try await during
        #expect(all.count == 2000)
        #expect(Set(all).subtracting([404, 429]) == [])
        // Some were let through by Redis, and those after it by the server's own bucket.
        #expect((20...41).contains(all.filter { $0 == 404 }.count))
        await server.terminate()
        #expect(server.process.standardError.contains("Redis cannot be used"))
      }
    }
  }

  @Test func `a server starts and limits without the Redis that it was told of`() async throws {
    try await RedisServer.with { redis in
      try await redis.kill()
      try await SpawnedServer.with(environment: environment(redis)) { server in
        let statuses = try await statuses(30, from: [server])
        #expect(statuses.filter { $0 == 404 }.count == 20)
      }
    }
  }
}

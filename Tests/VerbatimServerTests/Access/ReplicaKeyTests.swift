import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

/// Two servers on one main database. How soon the second learns what the first did is its own business; that it does,
/// the suite's time limit asks for.
@Suite(.timeLimit(.minutes(2))) struct ReplicaKeyTests {
  private func with(
    _ engine: TestEngine, _ body: @Sendable (SharedDatabase, SpawnedServer, SpawnedServer) async throws -> Void
  ) async throws {
    try await SharedDatabase.with(engine) { database in
      let first = try await database.startServer()
      let second = try await database.startServer()
      do {
        try await body(database, first, second)
      } catch {
        for server in [first, second] { await server.kill() }
        throw error
      }
      for server in [first, second] { await server.terminate() }
    }
  }

  private func status(_ server: SpawnedServer, _ key: String) async throws -> Int {
    try await HTTPClient().send("GET", server.url + "/api/chat/none", fields: ["x-api-key": key]).status
  }

  /// Returns when the server takes the key no more.
  private func refused(_ server: SpawnedServer, _ key: String) async throws {
    while try await status(server, key) != 401 {}
  }

  private func administer(
    _ method: String, _ path: String, _ body: String, _ database: SharedDatabase, _ server: SpawnedServer
  ) async throws -> JSONSlice {
    let answer = try await HTTPClient().send(
      method, server.url + "/api/admin" + path,
      fields: ["x-api-key": database.adminKey, "Content-Type": "application/json"], body: Array(body.utf8))
    try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    return try JSONSlice(checking: answer.body[...])
  }

  @Test(arguments: SharedDatabase.engines)
  func `a key that ends on one server ends on the other, however it ends`(_ engine: TestEngine) async throws {
    try await with(engine) { database, first, second in
      func make(_ more: String = "") async throws -> (key: String, path: String) {
        let made = try await administer("POST", "/keys", #"{"name":"x"\#(more)}"#, database, first)
        return (try #require(made.string("key")), "/keys/" + (made.string("id") ?? ""))
      }
      let kept = try await make()
      let (revoked, rotated, overlapping) = (try await make(), try await make(), try await make())
      let disabled = try await make(#","account_id":"shop","make_account":true"#)
      for key in [kept, revoked, rotated, overlapping, disabled] {
        #expect(try await status(second, key.key) == 404)
      }
      _ = try await administer("DELETE", revoked.path, "", database, first)
      try await refused(second, revoked.key)
      let next = try await administer("POST", rotated.path + "/rotate", "{}", database, first)
      try await refused(second, rotated.key)
      #expect(try await status(second, next.string("key") ?? "") == 404)
      _ = try await administer("POST", overlapping.path + "/rotate", #"{"overlap_seconds":1}"#, database, first)
      try await refused(second, overlapping.key)
      _ = try await administer("PATCH", "/accounts/shop", #"{"status":"disabled"}"#, database, first)
      try await refused(second, disabled.key)
      let expiring = try await make(
        #","expires_at":"\#(Timestamp.text(UnixClock.milliseconds() + 1000))""#)
      try await refused(second, expiring.key)
      #expect(try await status(second, kept.key) == 404)
      _ = try await administer("PATCH", "/accounts/shop", #"{"status":"active"}"#, database, first)
      while try await status(second, disabled.key) != 404 {}
    }
  }

  @Test(arguments: SharedDatabase.engines)
  func `who administers no more does so nowhere`(_ engine: TestEngine) async throws {
    try await with(engine) { database, first, second in
      let made = try await administer(
        "POST", "/keys", #"{"name":"x","account_id":"ops","make_account":true,"scopes":["admin","read"]}"#, database,
        first)
      let fields: HTTPFields = ["x-api-key": try #require(made.string("key"))]
      func list() async throws -> Int {
        try await HTTPClient().send("GET", second.url + "/api/admin/keys", fields: fields).status
      }
      #expect(try await list() == 200)
      _ = try await administer("PATCH", "/accounts/ops", #"{"role":"user"}"#, database, first)
      while try await list() != 403 {}
    }
  }
}

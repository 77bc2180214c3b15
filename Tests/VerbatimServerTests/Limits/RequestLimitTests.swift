import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct RequestLimitTests {
  private func limited(perAddress: Int?, burst: Int? = nil) -> Configuration {
    var configuration = Configuration()
    configuration.rates.perAddress = perAddress
    configuration.rates.burst = burst
    return configuration
  }

  @Test(arguments: Transport.allCases)
  func `who asks too often is told when to come again`(transport: Transport) async throws {
    try await TestAPI.with(transport, configuration: limited(perAddress: 6, burst: 2)) { api in
      let first = try await api.post("/api/chat/insert", Bodies.exchange())
      #expect(first.status == 200)
      #expect(first.fields["RateLimit-Limit"] == "2")
      #expect(first.fields["RateLimit-Remaining"] == "1")
      #expect(first.fields["RateLimit-Reset"] == "10")
      let second = try await api.get("/api/chat/nobody")
      #expect(second.status == 404)
      #expect(second.fields["RateLimit-Remaining"] == "0")
      let third = try await api.get("/api/chat/nobody")
      #expect(third.status == 429)
      #expect(third.string("error") == "rate_limit_exceeded")
      // 10, but for the time that the test has taken.
      let wait = try #require(third.fields["Retry-After"].flatMap { Int($0) })
      #expect((1...10).contains(wait))
      #expect(third.fields["RateLimit-Limit"] == "2")
      #expect(third.fields["RateLimit-Remaining"] == "0")
      #expect(third.fields["X-Request-Id"] != nil)
    }
  }

  @Test func `a key has a limit of its own, and who has a good one is not held to what strangers at its address do`()
    async throws
  {
    var configuration = Configuration.withKeys
    configuration.rates.perKey = 2
    configuration.rates.perAddress = 1
    try await TestAPI.with(configuration: configuration) { api in
      let keys = [HTTPFields.key(try await api.makeKey()), .key(try await api.makeKey())]
      var statuses: [Int] = []
      for fields in [keys[0], keys[0], keys[0], keys[1], .key("vb-guess"), .key("vb-guess"), keys[1], [:]] {
        statuses.append(try await api.get("/api/chat/nobody", fields: fields).status)
      }
      #expect(statuses == [404, 404, 429, 404, 401, 429, 404, 429])
    }
  }

  @Test(arguments: Transport.allCases)
  func `a key's own limits stand in the place of what is set`(transport: Transport) async throws {
    var configuration = Configuration.withKeys
    configuration.rates.perKey = 1
    try await TestAPI.with(transport, configuration: configuration) { api in
      let admin: HTTPFields = .key(try await api.makeKey([.admin], account: "root", role: .admin, perMinute: 0))
      func make(_ limits: String) async throws -> (path: String, fields: HTTPFields) {
        let made = try await api.post("/api/admin/keys", #"{"name":"x"\#(limits)}"#, fields: admin)
        return ("/api/admin/keys/\(made.string("id") ?? "")", .key(made.string("key") ?? ""))
      }
      func statuses(_ key: HTTPFields, _ count: Int) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<count { statuses.append(try await api.get("/api/chat/nobody", fields: key).status) }
        return statuses
      }
      let (plain, own) = (try await make(""), try await make(#","rate_per_minute":1,"rate_burst":3"#))
      #expect(try await statuses(plain.fields, 2) == [404, 429])
      #expect(try await statuses(own.fields, 4) == [404, 404, 404, 429])
      let unlimited = try await api.request(
        "PATCH", own.path, fields: admin, body: Array(#"{"rate_per_minute":0}"#.utf8))
      #expect(unlimited.status == 200)
      #expect(try await statuses(own.fields, 4) == [404, 404, 404, 404])
    }
  }

  @Test func `health is never limited`() async throws {
    try await TestAPI.with(configuration: limited(perAddress: 1)) { api in
      for path in ["/health/live", "/health/ready", "/api/chat/health", "/health/live", "/health/ready"] {
        let answer = try await api.get(path)
        #expect(answer.status == 200)
        #expect(answer.fields["RateLimit-Limit"] == nil)
      }
    }
  }

  @Test func `without a limit nothing is said of one`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.get("/api/chat/nobody")
      #expect(answer.fields["RateLimit-Limit"] == nil)
    }
  }

  @Test func `a batch counts as one request`() async throws {
    try await TestAPI.with(configuration: limited(perAddress: 2)) { api in
      let batch = "[" + Array(repeating: Bodies.exchange(), count: 5).joined(separator: ",") + "]"
      let answer = try await api.post("/api/chat/insert/batch", batch)
      #expect(answer.integer("inserted") == 5)
      #expect(answer.fields["RateLimit-Remaining"] == "1")
    }
  }

  @Test func `refused requests are counted by address, where nothing is set off loopback alone`() async throws {
    let folder = try TemporaryFolder()
    let file = Store.Configuration(path: folder.path("verbatim.db"))
    let stores = try await OpenStores.open(file, MainStore.Configuration(file.engine))
    let application = Application(stores: stores, configuration: limited(perAddress: nil, burst: 2), log: .silent)
    func statuses(from addresses: [String]) async -> [Int] {
      var statuses: [Int] = []
      for address in addresses {
        let request = HTTPRequest(method: "GET", path: "/api/chat/c", query: "account_id=other", peerAddress: address)
        statuses.append(await application.respond(to: request).status)
      }
      return statuses
    }
    #expect(await statuses(from: ["192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"]) == [403, 403, 429, 403])
    #expect(await statuses(from: ["127.0.0.1", "127.0.0.1", "127.0.0.1"]) == [403, 403, 403])
    #expect(await statuses(from: ["2001:db8::1", "2001:db8::2", "2001:db8::3"]) == [403, 403, 429])
    #expect(await statuses(from: ["2001:db8:0:1::1"]) == [403])
    await stores.close()
  }

  @Test func `errors under v1 have the form of OpenAI's`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.get("/v1/a/b/c/d/e")
      #expect(answer.status == 404)
      let error = answer["error"]
      #expect(error?.string("code") == "not_found")
      #expect(error?.string("type") == "invalid_request_error")
      #expect(error?.string("message") == "there is no /v1/a/b/c/d/e")
    }
  }
}

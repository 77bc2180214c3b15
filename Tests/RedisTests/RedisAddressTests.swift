import Redis
import Testing

@Suite struct RedisAddressTests {
  @Test func `a URL names host, port, password and database`() throws {
    #expect(
      try RedisAddress(url: "redis://:s%40cr%C3%A9t@cache.example:6380/2")
        == RedisAddress(host: "cache.example", port: 6380, password: "s@crét", database: 2))
    #expect(
      try RedisAddress(url: "redis://default:pw@localhost:49153")
        == RedisAddress(host: "localhost", port: 49153, user: "default", password: "pw"))
    #expect(try RedisAddress(url: "redis://[::1]") == RedisAddress(host: "::1", port: 6379))
  }

  @Test func `an address is shown without its password`() throws {
    let address = try RedisAddress(url: "redis://user:secret@[::1]:6380/1")
    #expect("\(address)" == "redis://[::1]:6380/1")
  }

  @Test(arguments: [
    ("rediss://localhost", "asks for TLS, which is not spoken to Redis"),
    ("http://localhost", "does not begin with redis://"),
    ("redis:///1", "names no host"),
    ("redis://localhost/cache", "names no database by its number"),
    ("redis://localhost:70000", "has no such port"),
    ("redis://localhost?db=1", "has options, and none is known"),
    ("localhost 6379", "is no URL; a password's special characters are percent-encoded"),
  ])
  func `what is no such URL is refused with a reason`(url: String, problem: String) {
    let error = #expect(throws: RedisAddress.Problem.self) { try RedisAddress(url: url) }
    #expect(error?.problem == problem)
  }
}

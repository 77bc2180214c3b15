import HTTP
import Testing
import VerbatimTesting

@testable import VerbatimServer

@Suite struct LoopbackGuardTests {
  private func status(_ fields: HTTPFields, _ configuration: Configuration = Configuration()) async throws -> Int {
    guard let middleware = LoopbackGuard(configuration) else { return 0 }
    let handler = middleware.before { _ in HTTPResponse(status: 200) }
    do {
      return try await handler(HTTPRequest(method: "GET", path: "/", fields: fields)).status
    } catch let error as APIError {
      return error.status
    }
  }

  @Test(arguments: [
    "localhost", "LocalHost:10000", "127.0.0.1", "127.0.0.1:10000", "127.8.9.1:80", "[::1]", "[::1]:10000",
  ])
  func `this machine's own names pass`(_ host: String) async throws {
    #expect(try await status(["Host": host]) == 200)
    #expect(try await status(["Host": host, "Origin": "http://\(host.lowercased())"]) == 200)
  }

  @Test(arguments: [
    "evil.example", "evil.example:10000", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.1",
    "[::2]:10000", "127.1", "", "0.0.0.0", "[::1", "[fe80::1]",
  ])
  func `browsers are refused other hosts`(_ host: String) async throws {
    #expect(try await status(["Host": host, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"]) == 403)
    #expect(try await status(["Host": host, "User-Agent": "curl/7.88.1"]) == 200)
  }

  @Test(arguments: ["https://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1.evil.example"])
  func `pages of other origins are refused`(_ origin: String) async throws {
    #expect(try await status(["Host": "localhost", "Origin": origin]) == 403)
  }

  @Test func `origins that were named pass`() async throws {
    var configuration = Configuration()
    configuration.corsOrigins = .only(["https://a.example"])
    #expect(try await status(["Origin": "https://a.example"], configuration) == 200)
    #expect(try await status(["Origin": "https://b.example"], configuration) == 403)
    configuration.corsOrigins = .any
    #expect(try await status(["Origin": "https://b.example"], configuration) == 200)
  }

  @Test func `AUTH=off said aloud lifts it`() {
    var configuration = Configuration()
    #expect(LoopbackGuard(configuration) != nil)
    configuration.authentication = .off
    #expect(LoopbackGuard(configuration) == nil)
  }

  @Test(arguments: Transport.allCases)
  func `the refusal says what to do`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let answer = try await api.post(
        "/api/chat/insert", Bodies.exchange(), fields: ["Host": "evil.example", "User-Agent": "Mozilla/5.0"])
      #expect(answer.status == 403)
      #expect(answer.string("error") == "forbidden")
      #expect(answer.string("detail")?.contains("AUTH=off") == true)
      let page = try await api.post(
        "/api/chat/insert", Bodies.exchange(), type: nil, fields: ["Origin": "https://evil.example"])
      #expect(page.status == 403)
    }
  }
}

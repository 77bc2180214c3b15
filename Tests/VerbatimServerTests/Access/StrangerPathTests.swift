import HTTP
import Testing
import VerbatimTesting

@testable import VerbatimServer

/// Attempts at places of an upstream that its calls do not lead to.
@Suite struct StrangerPathTests {
  private func attempt(_ transport: Transport, _ body: @Sendable (TestAPI, FakeUpstream) async throws -> Void)
    async throws
  {
    let upstream = try FakeUpstream { request, peer in
      peer.answer(request.path, fields: "Content-Type: text/plain\r\n")
      return true
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.recording = .strict }
    try await TestAPI.with(transport, configuration: configuration) { try await body($0, upstream) }
  }

  @Test(arguments: Transport.allCases)
  func `a path that an upstream may take for another reaches none`(_ transport: Transport) async throws {
    try await attempt(transport) { api, upstream in
      let paths = [
        "/v1/./chat/completions", "/v1/%2e/chat/completions", "/v1/x/../chat/completions",
        "/v1/x/%2E%2e/chat/completions", "/v1/chat%2Fcompletions", "/v1/chat%5ccompletions", "/v1/chat%2f..%2fx",
        "/v1/CHAT/completions", "/v1/Chat/Completions", "/v1/chat/Completions", "/v1/chat;x/completions",
        "/v1/chat/completions;x", "/v1/chat/completions%20", "/v1/chat%00/completions", "/v1/chat%2520/completions",
        "/v1/./responses/resp_1", "/v1/../admin/x", "/v1/%2e%2e/admin/x", "/v1/files/..", "/v1/files/%2e%2e%2fadmin",
        "/v1/files/a/../../../admin",
      ]
      for path in paths {
        for method in ["GET", "POST", "DELETE"] {
          let answer = try await api.request(method, path, body: method == "POST" ? Array(Chat.request.utf8) : [])
          #expect([400, 404, 405].contains(answer.status), "\(method) \(path): \(answer.status) \(answer.text)")
        }
      }
      #expect(upstream.requests.map(\.path) == [])
    }
  }

  @Test(arguments: Transport.allCases)
  func `a path is the same at the upstream however it is written`(_ transport: Transport) async throws {
    try await attempt(transport) { api, _ in
      for (path, there) in [
        ("/v%31/files", "/v1/files"), ("/%76%31/files/f%2d1", "/v1/files/f-1"), ("/v1/files/...", "/v1/files/..."),
        ("/v1/files/a.b/content?x=..%2F", "/v1/files/a.b/content?x=..%2F"), ("/v1/files/a:b", "/v1/files/a%3Ab"),
        ("/v1/%66iles/%e4%bd%a0", "/v1/files/%E4%BD%A0"),
      ] {
        let answer = try await api.get(path)
        #expect(answer.text == there)
      }
    }
  }
}

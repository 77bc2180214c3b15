import HTTP
import Testing
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// Attempts at what an upstream keeps for all who call through a channel.
@Suite struct StrangerUpstreamTests {
  @Test func `what an upstream keeps is for administrators, or for all where that is said`() async throws {
    let upstream = try FakeUpstream { request, peer in
      peer.answer(request.path, fields: "Content-Type: text/plain\r\n")
      return true
    }
    let kept = [
      ("GET", "/v1/files"), ("GET", "/v1/files/f-1/content"), ("DELETE", "/v1/files/f-1"), ("POST", "/v1/files"),
      ("POST", "/v1/batches"), ("GET", "/v1/vector_stores/v/files/f"), ("POST", "/v1/threads/t/runs"),
      ("DELETE", "/v1/models/m"), ("GET", "/v1/embeddings"), ("GET", "/v1/responses/r/other"),
      ("POST", "/v1/messages/batches"), ("POST", "/v1/embeddings/e"), ("POST", "/v1/audio/voices/v"),
    ]
    let stateless = [
      "/v1/embeddings", "/v1/audio/speech", "/v1/images/generations", "/v1/moderations", "/v1/completions",
      "/v1/messages/count_tokens", "/v1/responses/input_tokens",
    ]
    for mode in [GatewaySettings.PassThrough.stateless, .all] {
      let configuration = Configuration.gateway(to: upstream) {
        $0.authentication = .on
        $0.gateway.passThrough = mode
      }
      try await TestAPI.with(configuration: configuration) { api in
        let key = HTTPFields.key(try await api.makeKey())
        let admin = HTTPFields.key(try await api.makeAdminKey())
        for (method, path) in kept {
          let answer = try await api.request(method, path, fields: key)
          #expect(answer.status == (mode == .all ? 200 : 403), "\(method) \(path): \(answer.text)")
          #expect(mode == .all || answer.text.contains("PASS_THROUGH"))
          let allowed = try await api.request(method, path, fields: admin)
          #expect(allowed.text == path, "\(method) \(path)")
        }
        for path in stateless {
          let answer = try await api.post(path, "{}", fields: key)
          #expect(answer.text == path)
        }
      }
    }
  }

  private static let path = "/v1/responses"

  @Test(arguments: TestEngine.allCases)
  func `an exchange that bears the id of a response opens nothing of it`(_ engine: TestEngine) async throws {
    let upstream = try ResponseUpstream(status: "queued")
    let configuration = Configuration.gateway(to: upstream.fake) { $0.authentication = .on }
    try await TestAPI.with(configuration: configuration, on: engine) { api in
      let ana = HTTPFields.key(try await api.makeKey(user: "ana"))
      let first = try await api.post(Self.path, #"{"model":"m","input":"one","background":true}"#, fields: ana)
      #expect(first.string("id") == "resp_bg1")
      let forged =
        #"{"app_id":"a",USER"query":"q","answer":"a","response_id":"resp_bg1","exported":{"response_id":"resp_bg1","#
        + #""request":{"messages":[],"_verbatim":{"answer":{"status":"queued","output":[]}}}}}"#
      let strangers: [(user: String, fields: HTTPFields)] = [
        ("", .key(try await api.makeKey(user: "ben"))),
        (#""user_id":"u","#, .key(try await api.makeKey(account: "other"))),
      ]
      let before = upstream.fake.requests.count
      for stranger in strangers {
        for hasForged in [false, true] {
          if hasForged {
            let body = forged.replacing("USER", with: stranger.user)
            let made = try await api.post("/api/chat/insert", body, fields: stranger.fields)
            #expect(made.status == 200, "\(made.text)")
          }
          for path in ["", "?stream=true", "/cancel"] {
            let method = path == "/cancel" ? "POST" : "GET"
            let answer = try await api.request(method, Self.path + "/resp_bg1" + path, fields: stranger.fields)
            #expect(answer.status == 404, "\(path) \(hasForged): \(answer.text)")
          }
          let next = #"{"model":"m","input":"two","previous_response_id":"resp_bg1"}"#
          #expect(try await api.post(Self.path, next, fields: stranger.fields).status == 404)
        }
        let deleted = try await api.request("DELETE", Self.path + "/resp_bg1", fields: stranger.fields)
        #expect(deleted.status == 200, "their own exchange is forgotten, and the upstream not told")
      }
      #expect(upstream.fake.requests.count == before)
      #expect(try await api.get(Self.path + "/resp_bg1", fields: ana).string("status") == "completed")
      #expect(try await api.post(Self.path + "/resp_bg1/cancel", "{}", fields: ana).status == 200)
    }
  }
}

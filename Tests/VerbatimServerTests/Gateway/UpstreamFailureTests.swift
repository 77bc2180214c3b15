import Foundation
import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct UpstreamFailureTests {
  @Test(arguments: [
    (400, #"{"error":{"message":"bad","type":"invalid_request_error","code":"context_length_exceeded"}}"#),
    (418, "<html>no</html>"), (404, ""),
  ])
  func `an error passes as it is and is recorded as one`(_ status: Int, _ body: String) async throws {
    let upstream = try FakeUpstream { _, peer in peer.refuse(status, body) }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == status)
      #expect(answer.text == body)
      #expect(upstream.requests.count == 1)
      let failure = try #require(try await api.failures().first)
      #expect(failure.text("id") == answer.fields["X-Exchange-Id"])
    }
  }

  @Test(arguments: [429, 500, 503])
  func `who refuses for now is asked again before the client hears of it`(_ status: Int) async throws {
    let count = Atomic(0)
    let upstream = try FakeUpstream { _, peer in
      if count.add(1, ordering: .relaxed).oldValue == 0 { return peer.refuse(status, "{}") }
      return peer.sendCompletion(asStream: false)
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 200)
      #expect(try await api.recorded(answer).count == 1)
      #expect(try await api.failures().isEmpty)
      #expect(upstream.requests.count == 2)
    }
  }

  @Test func `who asks for a long pause is passed on at once`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.refuse(
        429, #"{"error":{"message":"slow down","code":"rate_limit_exceeded"}}"#, fields: "Retry-After: 60\r\n")
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 429)
      #expect(answer.fields["Retry-After"] == "60")
      #expect(upstream.requests.count == 1)
    }
  }

  @Test func `a refusal is passed on whole where nobody is left to ask`() async throws {
    // More than is read before it is wanted.
    let reason = String(repeating: "busy ", count: 100_000)
    let upstream = try FakeUpstream { _, peer in peer.refuse(503, reason) }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      // The fifth refusal, in the midst of the second call, has the upstream left alone.
      for _ in 0..<2 {
        let answer = try await api.post(Chat.path, Chat.request)
        #expect(answer.status == 503)
        #expect(answer.text == reason)
      }
      #expect(upstream.requests.count == 5)
    }
  }

  @Test(arguments: Transport.allCases)
  func `what a client asks wrongly keeps nobody from an upstream`(_ transport: Transport) async throws {
    let upstream = try FakeUpstream { request, peer in
      guard request.head.hasPrefix("HEAD") else { return peer.sendCompletion(asStream: false) }
      return peer.send("HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n")
    }
    try await TestAPI.with(transport, configuration: .gateway(to: upstream)) { api in
      for _ in 0..<5 {
        // Only a router's client can send a HEAD with a body.
        let body = transport == .router ? Array("{}".utf8) : []
        let refused = try await api.request("HEAD", "/v1/files", body: body)
        #expect(refused.status == 501)
      }
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 200)
    }
  }

  @Test func `nobody listening is 502 and recorded`() async throws {
    let upstream = try FakeUpstream { _, _ in false }
    var configuration = Configuration.gateway(to: upstream)
    configuration.gateway.openAIBaseURL = "http://127.0.0.1:1/v1"
    try await TestAPI.with(configuration: configuration) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 502)
      #expect(answer.json["error"]?.text("code") == "upstream_unreachable")
      let failures = try await api.failures()
      #expect(failures.map { $0.text("id") } == [answer.fields["X-Exchange-Id"]])
    }
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\":", "SSH-2.0\r\n"])
  func `an answer that breaks off is 502 and recorded with what came`(_ bytes: String) async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(bytes)
      return false
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 502)
      let failures = try await api.failures()
      #expect(failures.map { $0.text("id") } == [answer.fields["X-Exchange-Id"]])
    }
  }

  @Test func `a stream that breaks off is recorded as a failure with its text`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      for event in FakeUpstream.streamBeginning { peer.sendChunk(event) }
      return false
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.open(Chat.streaming)
      var text: [UInt8] = []
      await #expect(throws: HTTPClientError.self) {
        while let part = try await answer.next() { text += part }
      }
      #expect(text == Array(FakeUpstream.streamBeginning.joined().utf8))
      await api.calls.becomeIdle()
      let failure = try #require(try await api.failures().first)
      #expect(failure.text("id") == answer.fields["X-Exchange-Id"])
      #expect(failure["error"]?.text("code") == "upstream_disconnected", "\(failure.bytes.string)")
      #expect(failure.bytes.string.contains("世界"))
    }
  }

  @Test func `a stream that stops is cut and recorded`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      peer.sendChunk(FakeUpstream.streamBeginning[0])
      peer.waitForEnd()
      return false
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.idleTimeout = .milliseconds(200) }
    try await TestAPI.with(.socket, configuration: configuration) { api in
      await #expect(throws: HTTPClientError.self) { _ = try await api.post(Chat.path, Chat.streaming) }
      await api.calls.becomeIdle()
      let failure = try #require(try await api.failures().first)
      #expect(failure["error"]?.text("code") == "upstream_timeout", "\(failure.bytes.string)")
    }
  }

  @Test func `50 MB pass without being kept, and are recorded as too large`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(50 << 20)\r\n\r\n")
      let part = String(repeating: " ", count: 1 << 20)
      for _ in 0..<50 where !peer.send(part) { return false }
      return true
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.body.count == 50 << 20)
      await api.calls.becomeIdle()
      #expect(try await api.failures().first?["error"]?.text("code") == "answer_too_large")
    }
  }

  @Test func `a server that stops records what came of a stream without end`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      while peer.sendChunk(FakeUpstream.streamBeginning[1]) {}
      return false
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.open(Chat.streaming)
      _ = try await answer.next()
      await api.calls.stop()
      let failure = try #require(try await api.failures().first)
      #expect(failure.text("id") == answer.fields["X-Exchange-Id"])
      answer.cancel()
    }
  }

  @Test func `strict recording answers nothing that is not recorded`() async throws {
    let upstream = try FakeUpstream.completing()
    for (recording, status) in [(GatewaySettings.Recording.strict, 503), (.lenient, 200)] {
      let configuration = Configuration.gateway(to: upstream) { $0.gateway.recording = recording }
      try await TestAPI.with(configuration: configuration) { api in
        // Then the channels are known.
        #expect(try await api.post(Chat.path, Chat.request).status == 200)
        await api.store.close()
        let answer = try await api.post(Chat.path, Chat.request)
        #expect(answer.status == status)
      }
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.recording = .strict }
    try await TestAPI.with(configuration: configuration) { api in
      let answer = try await api.post(Chat.path, Chat.request, fields: ["X-Verbatim-Record": "none"])
      #expect(answer.status == 403)
    }
  }
}

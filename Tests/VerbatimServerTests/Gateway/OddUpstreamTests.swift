import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// Upstreams that do what none should: the client learns of it, and history has it as what it was.
@Suite struct OddUpstreamTests {
  private static let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
  private static let events =
    FakeUpstream.streamBeginning.joined() + FakeUpstream.streamFinish + FakeUpstream.streamDone

  /// Sends bytes as a stream's body.
  private static func stream(_ bytes: [UInt8], fields: String = "") throws -> FakeUpstream {
    try FakeUpstream { _, peer in
      peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\(fields)Content-Length: \(bytes.count)\r\n\r\n")
      peer.send(bytes: bytes[...])
      return true
    }
  }

  @Test func `a reset before the head is 502, and one within a stream cuts it`() async throws {
    let upstream = try FakeUpstream { request, peer in
      if request.body.contains(#""stream":true"#) {
        peer.send(FakeUpstream.streamHead)
        for event in FakeUpstream.streamBeginning { peer.sendChunk(event) }
      }
      peer.reset()
      return false
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 502)
      #expect(answer.json["error"]?.text("code") == "upstream_unreachable")
      await #expect(throws: HTTPClientError.self) { _ = try await api.post(Chat.path, Chat.streaming) }
      await api.calls.becomeIdle()
      let codes = try await api.failures().map { $0["error"]?.text("code") }
      #expect(codes == ["upstream_disconnected", "upstream_unreachable"])
    }
  }

  @Test func `who never begins to answer is 504, and is asked once`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.waitForEnd()
      return false
    }
    try await TestAPI.with(configuration: .withKeys) { api in
      try await api.makeChannel(#""base_url":"\#(upstream.baseURL)","models":["*"],"first_byte_timeout":1"#)
      let key: HTTPFields = .key(try await api.makeKey())
      let answer = try await api.post(Chat.path, Chat.request, fields: key)
      #expect(answer.status == 504)
      #expect(answer.json["error"]?.text("code") == "upstream_timeout")
      #expect(upstream.requests.count == 1)
      let page = try await api.get("/api/v1/errors", fields: key)
      #expect(page.text.contains(#""code":"upstream_timeout""#))
    }
  }

  @Test func `an answer longer than it says is cut, and the connection is not used again`() async throws {
    let upstream = try FakeUpstream { request, peer in
      guard request.body.contains("Hi") else { return peer.sendCompletion(asStream: false) }
      peer.send(Self.head + "Content-Length: 40\r\n\r\n" + FakeUpstream.completion)
      return true
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.text == FakeUpstream.completion.prefix(40))
      #expect(try await api.failures().map { $0["error"]?.text("code") } == ["invalid_answer"])
      let next = try await api.post(Chat.path, #"{"model":"m","messages":[]}"#)
      #expect(next.text == FakeUpstream.completion)
      #expect(upstream.connectionCount == 2)
    }
  }

  @Test(arguments: ["", ": ping\n\n"])
  func `a stream that does not end after its finish reason is ended for it`(_ ping: String) async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      for event in FakeUpstream.streamBeginning + [FakeUpstream.streamFinish, ping] where !event.isEmpty {
        peer.sendChunk(event)
      }
      peer.waitForEnd()
      return false
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.streaming)
      #expect(answer.text == FakeUpstream.streamBeginning.joined() + FakeUpstream.streamFinish + ping)
      #expect(try await api.recorded(answer).first?.text("answer") == "Hello, 世界 😀")
      #expect(try await api.failures().isEmpty)
    }
  }

  @Test func `a page of HTML passes as it is and is no answer`() async throws {
    let page = "<!DOCTYPE html><title>Sign in</title>"
    let upstream = try FakeUpstream { _, peer in
      peer.answer(page, fields: "Content-Type: text/html\r\n")
      return true
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for request in [Chat.request, Chat.streaming] {
        let answer = try await api.post(Chat.path, request)
        #expect(answer.text == page)
        #expect(answer.fields["Content-Type"] == "text/html")
      }
      let failures = try await api.failures()
      #expect(failures.map { $0["error"]?.text("code") } == ["invalid_answer", "invalid_answer"])
      #expect(failures.first?["error"]?.text("message") == page)
    }
  }

  @Test func `fields without end are 502`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(Self.head)
      let field = "X-Flood: " + String(repeating: "f", count: 1000) + "\r\n"
      while peer.send(field) {}
      return false
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 502)
      #expect(try await api.failures().count == 1)
    }
  }

  @Test func `bytes that are no UTF-8 pass, and are no success`() async throws {
    let broken = Array(FakeUpstream.completion.utf8).map { $0 == UInt8(ascii: "H") ? 0xff : $0 }
    let upstream = try FakeUpstream { _, peer in
      peer.send(Self.head + "Content-Length: \(broken.count)\r\n\r\n")
      peer.send(bytes: broken[...])
      return true
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.body == broken)
      #expect(try await api.failures().map { $0["error"]?.text("code") } == ["invalid_answer"])
    }
  }

  @Test(arguments: [[0xff, 0xfe] as [UInt8], Array(#"{"choices":["#.utf8)])
  func `a stream with an event that cannot be read passes whole, and is no success`(_ data: [UInt8]) async throws {
    let event = Array("data: ".utf8) + data + [10, 10]
    let bytes =
      Array(FakeUpstream.streamBeginning.joined().utf8) + event
      + Array((FakeUpstream.streamFinish + FakeUpstream.streamDone).utf8)
    let upstream = try Self.stream(bytes)
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.streaming)
      #expect(answer.body == bytes)
      let failure = try #require(try await api.failures().first)
      #expect(failure["error"]?.text("code") == "invalid_answer")
      #expect(failure.bytes.string.contains("Hello, 世界"))
    }
  }

  @Test func `what comes compressed though nobody asked is passed on and recorded as text`() async throws {
    let fields = "Content-Encoding: gzip\r\n"
    let completion = try Compression.gzip(Array(FakeUpstream.completion.utf8))
    let events = try Compression.gzip(Array(Self.events.utf8))
    let upstream = try FakeUpstream { request, peer in
      let isStream = request.body.contains(#""stream":true"#)
      let (type, bytes) = isStream ? ("text/event-stream", events) : ("application/json", completion)
      peer.send("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\(fields)Content-Length: \(bytes.count)\r\n\r\n")
      peer.send(bytes: bytes[...])
      return true
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      for (request, text) in [(Chat.request, FakeUpstream.completion), (Chat.streaming, Self.events)] {
        let answer = try await api.post(Chat.path, request)
        #expect(answer.text == text)
        #expect(answer.fields["Content-Encoding"] == nil)
        #expect(try await api.recorded(answer).first?.text("answer") == "Hello, 世界 😀")
      }
      #expect(upstream.requests.allSatisfy { $0.field("Accept-Encoding") == "identity" })
    }
  }

  @Test(arguments: ["gzip", "unknown"])
  func `a coding that cannot be undone is 502`(_ coding: String) async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.answer(FakeUpstream.completion, fields: "Content-Type: application/json\r\nContent-Encoding: \(coding)\r\n")
      return true
    }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.post(Chat.path, Chat.request)
      #expect(answer.status == 502)
      #expect(try await api.failures().map { $0["error"]?.text("code") } == ["upstream_disconnected"])
    }
  }

  @Test func `a stream without end is read on for a while when its client has gone`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      while peer.sendChunk(FakeUpstream.streamBeginning[1]) {}
      return false
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.readingOn = .milliseconds(100) }
    try await TestAPI.with(.socket, configuration: configuration) { api in
      let answer = try await api.open(Chat.streaming)
      _ = try await answer.next()
      answer.cancel()
      await api.calls.becomeIdle()
      let failure = try #require(try await api.failures().first)
      #expect(["client_closed_request", "answer_too_large"].contains(failure["error"]?.text("code")))
      #expect(failure.bytes.string.contains("Hello, "))
    }
  }
}

extension Peer {
  /// Ends the connection with a reset when it is closed.
  fileprivate func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }
}

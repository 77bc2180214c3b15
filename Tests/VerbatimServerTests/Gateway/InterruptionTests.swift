import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// Clients that go away before they have the whole answer.
@Suite struct InterruptionTests {
  @Test func `a stream whose client goes away is recorded whole and marked`() async throws {
    let clientHasGone = DispatchSemaphore(value: 0)
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      peer.sendChunk(FakeUpstream.streamBeginning[0])
      clientHasGone.wait()
      for event in FakeUpstream.streamBeginning.dropFirst() { peer.sendChunk(event) }
      for event in [FakeUpstream.streamFinish, FakeUpstream.streamDone] { peer.sendChunk(event) }
      peer.send("0\r\n\r\n")
      return true
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.open(Chat.streaming)
      _ = try await answer.next()
      answer.cancel()
      try await api.becomeAlone()
      clientHasGone.signal()
      await api.calls.becomeIdle()
      let exchange = try #require(try await api.recorded(answer.fields).first)
      #expect(exchange.text("id") == answer.fields["X-Exchange-Id"])
      #expect(exchange.text("answer") == "Hello, 世界 😀")
      #expect(exchange.text("status") == "normal")
      #expect(exchange.text("interrupted_by") == "client")
      #expect(exchange["extra"]?.bytes.string.contains("client_gone") == false)
    }
  }

  @Test(
    arguments: ["", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"])
  func `an answer in one piece is waited for no longer when its client has gone`(_ beginning: String) async throws {
    let isAsked = AsyncStream<Void>.makeStream()
    let upstream = try FakeUpstream { _, peer in
      if !beginning.isEmpty { peer.send(beginning) }
      isAsked.continuation.yield()
      peer.waitForEnd()
      return false
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.readingOn = .milliseconds(100) }
    try await TestAPI.with(.socket, configuration: configuration) { api in
      let leaving = Task { try await api.post(Chat.path, Chat.request) }
      var asked = isAsked.stream.makeAsyncIterator()
      await asked.next()
      leaving.cancel()
      await #expect(throws: (any Error).self) { _ = try await leaving.value }
      await api.calls.becomeIdle()
      let failure = try #require(try await api.failures().first)
      #expect(failure["error"]?.text("code") == "client_closed_request", "\(failure.bytes.string)")
    }
  }

  @Test func `for a client that has gone nobody is asked again`() async throws {
    let isAsked = AsyncStream<Void>.makeStream()
    let clientHasGone = DispatchSemaphore(value: 0)
    let upstream = try FakeUpstream { _, peer in
      isAsked.continuation.yield()
      clientHasGone.wait()
      clientHasGone.signal()
      return peer.refuse(503, "{}")
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let leaving = Task { try await api.post(Chat.path, Chat.request) }
      var asked = isAsked.stream.makeAsyncIterator()
      await asked.next()
      leaving.cancel()
      await #expect(throws: (any Error).self) { _ = try await leaving.value }
      try await api.becomeAlone()
      clientHasGone.signal()
      await api.calls.becomeIdle()
      #expect(upstream.requests.count == 1)
      #expect(try await api.failures().map { $0["error"]?.text("code") } == ["503"])
    }
  }

  @Test func `an answer in one piece whose client goes away is marked, one that is taken is not`() async throws {
    let isAsked = AsyncStream<Void>.makeStream()
    let clientHasGone = DispatchSemaphore(value: 0)
    let upstream = try FakeUpstream { _, peer in
      isAsked.continuation.yield()
      clientHasGone.wait()
      return peer.sendCompletion(asStream: false)
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let body = #"{"model":"m","messages":[{"role":"user","content":"Hi"}],"metadata":{"conversation_id":"left"}}"#
      let leaving = Task { try await api.post(Chat.path, body) }
      var asked = isAsked.stream.makeAsyncIterator()
      await asked.next()
      leaving.cancel()
      await #expect(throws: (any Error).self) { _ = try await leaving.value }
      try await api.becomeAlone()
      clientHasGone.signal()
      await api.calls.becomeIdle()
      clientHasGone.signal()
      let taken = try await api.post(Chat.path, body)
      #expect(taken.status == 200)
      let page = try await api.get("/api/chat/left/messages")
      let exchanges = page.json["data"].map { Array($0.elements) } ?? []
      #expect(exchanges.map { $0.text("answer") } == ["Hello, 世界 😀", "Hello, 世界 😀"])
      #expect(exchanges.map { $0.text("interrupted_by") } == ["client", nil])
    }
  }
}

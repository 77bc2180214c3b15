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

import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ChatStreamTests {
  /// The data of each event, and the names of those that have one.
  private func events(_ text: String) -> [String] {
    text.components(separatedBy: "\n\n").filter { !$0.isEmpty }.map {
      $0.replacing("\ndata: ", with: " ").replacing("data: ", with: "").replacing("event: ", with: "")
    }
  }

  @Test(arguments: Transport.allCases)
  func `the text comes in deltas, and then the whole answer`(_ transport: Transport) async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(transport, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q", #""stream":true"#)
      #expect(answer.status == 200)
      #expect(answer.fields["Content-Type"] == "text/event-stream; charset=utf-8")
      let conversation = try #require(answer.fields["X-Conversation-Id"])
      let id = try #require(answer.fields["X-Exchange-Id"])
      let ids = #""conversation_id":"\#(conversation)","message_id":"\#(id)""#
      #expect(
        events(answer.text) == [
          "{\(ids)}", #"{"delta":"Hello, "}"#, #"{"delta":"世界 😀"}"#,
          #"{"success":true,\#(ids),"response":"Hello, 世界 😀","cached":false,"duplicate":false,"#
            + #""model":"custom-model","finish_reason":"stop","#
            + #""usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}"#,
          "[DONE]",
        ])
      let exchange = try #require(try await api.exchanges(of: conversation).first)
      #expect(exchange.text("id") == id && exchange.text("answer") == "Hello, 世界 😀")
    }
  }

  @Test func `an upstream that does not stream is passed on as one delta`() async throws {
    let upstream = try FakeUpstream { _, peer in peer.sendCompletion(asStream: false) }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q", #""stream":true"#)
      #expect(events(answer.text).first == #"{"delta":"Hello, 世界 😀"}"#)
      #expect(events(answer.text).last == "[DONE]")
    }
  }

  @Test func `an upstream that streams unasked is answered in one piece`() async throws {
    let upstream = try FakeUpstream { _, peer in peer.sendCompletion(asStream: true) }
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q")
      #expect(answer.string("response") == "Hello, 世界 😀")
    }
  }

  @Test func `a stream that breaks off ends with an error, and is in the error history`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      for event in FakeUpstream.streamBeginning { peer.sendChunk(event) }
      return false
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let answer = try await api.chat("q", #""stream":true"#)
      let last = try #require(events(answer.text).last)
      #expect(last.hasPrefix(#"error {"success":false,"error":"upstream_error","detail":"the model's provider failed"#))
      await api.calls.becomeIdle()
      let failure = try #require(try await api.failures().first)
      #expect(failure.text("id") == answer.fields["X-Exchange-Id"])
      #expect(failure["error"]?.text("code") == "upstream_disconnected")
      #expect(failure.bytes.string.contains("世界"))
      // It is no part of what is told again.
      let conversation = try #require(answer.fields["X-Conversation-Id"])
      _ = try await api.chat("again", in: conversation)
      #expect(try upstream.said().last == ["user: again"])
    }
  }

  @Test func `a client that goes away leaves a whole record`() async throws {
    let clientHasGone = DispatchSemaphore(value: 0)
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      peer.sendChunk(FakeUpstream.streamBeginning[1])
      clientHasGone.wait()
      for event in [FakeUpstream.streamBeginning[2], FakeUpstream.streamFinish, FakeUpstream.streamDone] {
        peer.sendChunk(event)
      }
      peer.send("0\r\n\r\n")
      return true
    }
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream)) { api in
      let request = OutgoingRequest(
        method: "POST", url: api.url + TestAPI.chat, fields: ["Content-Type": "application/json"],
        body: Array(#"{"message":"q","stream":true}"#.utf8))
      let answer = try await HTTPClient().open(request)
      _ = try await answer.next()
      let conversation = try #require(answer.fields["X-Conversation-Id"])
      answer.cancel()
      await #expect(throws: CancellationError.self) {
        while try await answer.next() != nil {}
      }
      clientHasGone.signal()
      await api.calls.becomeIdle()
      #expect(try await api.exchanges(of: conversation).map { $0.text("answer") } == ["Hello, 世界 😀"])
    }
  }

  @Test func `a client that goes away from a stream without end is on record as gone`() async throws {
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      while peer.sendChunk(FakeUpstream.streamBeginning[1]) {}
      return false
    }
    let configuration = Configuration.gateway(to: upstream) { $0.gateway.readingOn = .milliseconds(100) }
    try await TestAPI.with(.socket, configuration: configuration) { api in
      let request = OutgoingRequest(
        method: "POST", url: api.url + TestAPI.chat, fields: ["Content-Type": "application/json"],
        body: Array(#"{"message":"q","stream":true}"#.utf8))
      let answer = try await HTTPClient().open(request)
      _ = try await answer.next()
      answer.cancel()
      await api.calls.becomeIdle()
      #expect(try await api.failures().first?["error"]?.text("code") == "client_closed_request")
    }
  }
}

import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// Channels that are asked over HTTP/2, against a real server of it.
@Suite struct HTTP2Tests {
  private static func withChannel(
    version: String, to upstream: FakeUpstream, _ body: @Sendable (TestAPI, HTTPFields) async throws -> Void
  ) async throws {
    try await HTTP2Proxy.with(to: upstream.port) { proxy in
      var configuration = Configuration.withKeys
      configuration.gateway.certificateAuthoritiesPath = proxy.certificatePath
      let url = proxy.url + "/v1"
      try await TestAPI.with(.socket, configuration: configuration) { api in
        try await api.makeChannel(
          #""base_url":"\#(url)","key":"sk-h2","models":["*"],"http_version":"\#(version)""#)
        try await body(api, .key(try await api.makeKey()))
      }
    }
  }

  @Test(arguments: [("2", "2 nghttpx"), ("1.1", "1.1 nghttpx")])
  func `answers and streams pass byte for byte and are recorded`(_ version: String, _ via: String) async throws {
    let upstream = try FakeUpstream.completing()
    try await Self.withChannel(version: version, to: upstream) { api, key in
      for (request, text) in [(Chat.request, FakeUpstream.completion), (Chat.streaming, Chat.wholeStream)] {
        let answer = try await api.post(Chat.path, request, fields: key)
        #expect(answer.status == 200)
        #expect(answer.text == text)
        let conversation = try #require(answer.fields["X-Conversation-Id"])
        let page = try await api.get("/api/chat/\(conversation)/messages", fields: key)
        #expect(page.text.contains("Hello, 世界 😀"))
      }
      #expect(upstream.requests.count == 2)
      for request in upstream.requests {
        #expect(request.field("Via") == via)
        #expect(request.field("Authorization") == "Bearer sk-h2")
      }
    }
  }

  @Test func `many streams share a connection, and each is recorded`() async throws {
    let upstream = try FakeUpstream.completing()
    try await Self.withChannel(version: "2", to: upstream) { api, key in
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<40 {
          group.addTask { try await api.post(Chat.path, Chat.streaming, fields: key).text }
        }
        for try await text in group { #expect(text == Chat.wholeStream) }
      }
      let list = try await api.get("/api/v1/conversations?limit=100", fields: key)
      #expect(list.json["conversations"].map { Array($0.elements).count } == 40)
      #expect(upstream.requests.allSatisfy { $0.field("Via") == "2 nghttpx" })
    }
  }

  @Test func `a stream that breaks off is a failure with what came`() async throws {
    let hasArrived = DispatchSemaphore(value: 0)
    let upstream = try FakeUpstream { _, peer in
      peer.send(FakeUpstream.streamHead)
      for event in FakeUpstream.streamBeginning { peer.sendChunk(event) }
      hasArrived.wait()
      return false
    }
    try await Self.withChannel(version: "2", to: upstream) { api, key in
      let answer = try await api.open(Chat.streaming, fields: key)
      var text: [UInt8] = []
      while !String(decoding: text, as: UTF8.self).contains("世界"), let part = try await answer.next() { text += part }
      hasArrived.signal()
      await #expect(throws: HTTPClientError.self) {
        while try await answer.next() != nil {}
      }
      await api.calls.becomeIdle()
      let page = try await api.get("/api/v1/errors", fields: key)
      let failure = try #require(page.json["errors"]?.elements.first { _ in true })
      #expect(failure["error"]?.text("code") == "upstream_disconnected")
      #expect(failure.bytes.string.contains("世界"))
    }
  }
}

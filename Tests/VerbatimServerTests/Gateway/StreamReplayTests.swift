import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

/// Streams of real shapes through the whole gateway.
@Suite struct StreamReplayTests {
  private static let folder = Fixtures.path("streams/")
  private static let paths = [
    "chatCompletions": Chat.path, "responses": "/v1/responses", "messages": "/v1/messages",
  ]

  private static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".sse") }.map { String($0.dropLast(4)) }.sorted()
  }()

  @Test(arguments: names)
  func `a stream comes through as it was sent, and is recorded as what it was`(_ name: String) async throws {
    let bytes = try Fixtures.bytes(atPath: Self.folder + name + ".sse")
    let expected = try JSONSlice(checking: try Fixtures.bytes(atPath: Self.folder + name + ".json")[...])
    let call = try #require(expected.text("call"))
    let path = try #require(Self.paths[call])
    let upstream = try FakeUpstream { _, peer in
      peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
      var rest = bytes[...]
      while !rest.isEmpty {
        peer.send("\(String(min(7, rest.count), radix: 16))\r\n")
        peer.send(bytes: rest.prefix(7) + [13, 10])
        rest = rest.dropFirst(7)
      }
      peer.send("0\r\n\r\n")
      return true
    }
    let configuration = Configuration.gateway(to: upstream) { configuration in
      configuration.gateway.anthropicBaseURL = upstream.baseURL
      configuration.gateway.anthropicKey = "sk-upstream"
    }
    try await TestAPI.with(.socket, configuration: configuration) { api in
      // Whoever asks for the usage gets every byte.
      let request = try #require(expected["request"]).bytes.string.dropFirst()
      let answer = try await api.post(path, #"{"stream_options":{"include_usage":true},"# + request)
      #expect(answer.body == bytes)
      await api.calls.becomeIdle()
      let isFailure = expected["failure"].map { !$0.isNull } ?? false
      let found = isFailure ? try await api.failures() : try await api.recorded(answer)
      #expect(found.count == 1)
      #expect(found.first?.text("id") == answer.fields["X-Exchange-Id"])
    }
  }
}

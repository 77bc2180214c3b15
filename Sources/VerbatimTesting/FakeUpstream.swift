import Foundation
import HTTP
import Synchronization
import VerbatimModel

/// A provider on 127.0.0.1 that keeps what it was asked and answers as a test says.
package final class FakeUpstream: Sendable {
  /// A request as it came over the wire.
  package struct Request: Sendable {
    package let head: String
    package let body: String

    package var path: String { String(head.split(separator: " ", maxSplits: 2).dropFirst().first ?? "") }

    /// nil where it was not sent.
    package func field(_ name: String) -> String? {
      for line in head.components(separatedBy: "\r\n").dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == name.lowercased() {
          return parts[1].trimmingCharacters(in: .whitespaces)
        }
      }
      return nil
    }

    init(_ text: String) {
      let parts = text.components(separatedBy: "\r\n\r\n")
      head = parts[0]
      body = parts.dropFirst().joined(separator: "\r\n\r\n")
    }
  }

  private final class Requests: Sendable {
    let all = Mutex<[Request]>([])
  }

  private let server: ScriptedServer
  private let kept = Requests()

  package var requests: [Request] { kept.all.withLock { $0 } }

  /// What clients are pointed to.
  package var baseURL: String { server.url("/v1") }

  package var port: Int { Int(server.port) }

  package var connectionCount: Int { server.connectionCount }

  /// `answer` may write anything; false ends the connection.
  package init(_ answer: @escaping @Sendable (Request, Peer) -> Bool) throws {
    let kept = kept
    server = try ScriptedServer { peer in
      while let text = peer.readRequest() {
        let request = Request(text)
        kept.all.withLock { $0.append(request) }
        guard answer(request, peer) else { return }
      }
    }
  }

  /// Answers every call with a completion, as a stream where that is asked for.
  package static func completing() throws -> FakeUpstream {
    try FakeUpstream { request, peer in
      peer.sendCompletion(asStream: request.body.contains("\"stream\":true"))
    }
  }

  // MARK: What OpenAI sends

  package static let completion = """
    {
      "id": "chatcmpl-fake-1",
      "object": "chat.completion",
      "created": 1760000000,
      "model": "gpt-4o-mini-2024-07-18",
      "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hello, 世界 😀", "refusal": null, "annotations": []},
         "logprobs": null, "finish_reason": "stop"}
      ],
      "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
      "service_tier": "default",
      "system_fingerprint": "fp_fake"
    }

    """

  private static func chunk(_ choices: String, usage: String = "null") -> String {
    """
    data: {"id":"chatcmpl-fake-2","object":"chat.completion.chunk","created":1760000000,\
    "model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_fake","choices":[\(choices)],"usage":\(usage)}


    """
  }

  /// Before anything is said to have ended.
  package static let streamBeginning: [String] = [
    chunk(#"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}"#),
    chunk(#"{"index":0,"delta":{"content":"Hello, "},"finish_reason":null}"#),
    chunk(#"{"index":0,"delta":{"content":"世界 😀"},"finish_reason":null}"#),
  ]

  package static let streamFinish = chunk(#"{"index":0,"delta":{},"finish_reason":"stop"}"#)
  package static let streamUsage = chunk(
    "", usage: #"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}"#)
  package static let streamDone = "data: [DONE]\n\n"

  package static let streamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n"
    + "x-request-id: req_fake\r\n\r\n"
}

extension Peer {
  /// True, for the connection goes on.
  package func sendCompletion(asStream isStream: Bool) -> Bool {
    guard isStream else {
      answer(FakeUpstream.completion, fields: "Content-Type: application/json\r\nx-request-id: req_fake\r\n")
      return true
    }
    send(FakeUpstream.streamHead)
    for event in FakeUpstream.streamBeginning { sendChunk(event) }
    for event in [FakeUpstream.streamFinish, FakeUpstream.streamUsage, FakeUpstream.streamDone] { sendChunk(event) }
    send("0\r\n\r\n")
    return true
  }

  /// A chunk of the chunked coding; false when the client has gone.
  @discardableResult
  package func sendChunk(_ text: String) -> Bool {
    send(String(text.utf8.count, radix: 16) + "\r\n" + text + "\r\n")
  }

  /// True, for the connection goes on.
  @discardableResult
  package func refuse(_ status: Int, _ body: String, fields: String = "Content-Type: application/json\r\n") -> Bool {
    send("HTTP/1.1 \(status) No\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    return true
  }
}

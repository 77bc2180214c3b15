import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

/// The conversation of what is done by other names than its own.
@Suite struct AuditedConversationTests {
  /// What is on record of an action, oldest first.
  private func rows(_ action: AuditAction, _ api: TestAPI) async throws -> [AuditEntry] {
    await api.trail.flush()
    var query = AuditQuery()
    query.action = action.rawValue
    return try await api.main.auditTrail(query, limit: 20).reversed()
  }

  @Test func `an export in the background names its conversation and itself`() async throws {
    try await TestAPI.with { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("?", answer: "!", #""conversation_id":"c""#))
      let made = try await api.post("/api/exports", #"{"conversation_id":"c"}"#)
      let id = try #require(made.string("id"))
      #expect(try await api.get("/api/exports/\(id)").status == 200)
      #expect(try await api.request("DELETE", "/api/exports/\(id)").status == 200)
      let exports = try await rows(.conversationExport, api)
      #expect(exports.map(\.conversation) == ["c"])
      #expect(exports.map(\.detail) == [#"{"export_id":"\#(id)"}"#])
      let looks = try await rows(.conversationList, api)
      #expect(looks.map(\.conversation) == ["c"])
      #expect(looks.map(\.detail) == [#"{"id":"\#(id)"}"#])
      let removals = try await rows(.exportRemove, api)
      #expect(removals.map(\.conversation) == [nil, "c"])
      #expect(removals.first?.detail == #"{"id":"\#(id)"}"#)
      #expect(try await api.post("/api/exports", "{}").status == 200)
      #expect(try await rows(.conversationExport, api).last?.conversation == nil)
    }
  }

  @Test func `stored completions name theirs`() async throws {
    try await TestAPI.with { api in
      _ = try await api.post(
        "/api/chat/insert", Bodies.exchange("?", answer: "!", #""conversation_id":"c","response_id":"r""#))
      for path in ["/v1/chat/completions/r", "/v1/chat/completions/r/messages"] {
        #expect(try await api.get(path).status == 200)
      }
      #expect(try await api.post("/v1/chat/completions/r", #"{"metadata":{}}"#).status == 200)
      #expect(try await api.request("DELETE", "/v1/chat/completions/r").status == 200)
      #expect(try await rows(.conversationRead, api).allSatisfy { $0.conversation == "c" })
      #expect(try await rows(.conversationChange, api).map(\.conversation) == [nil, "c"])
      #expect(try await rows(.conversationDelete, api).map(\.conversation) == [nil, "c"])
    }
  }

  @Test func `calls to models name theirs, whatever it is called`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .gateway(to: upstream)) { api in
      for body in [Chat.request, Chat.streaming] {
        let called = try await api.post(Chat.path, body, fields: ["X-Conversation-Id": "called"])
        #expect(called.status == 200)
      }
      let calls = try await rows(.modelCall, api)
      #expect(calls.map(\.count).reduce(0, +) == 2)
      #expect(calls.allSatisfy { $0.conversation == "called" })
      let asked = try await api.post("/api/chat", #"{"conversation_id":"a\u0001b","message":"Hi"}"#)
      #expect(asked.status == 200, "\(asked.text)")
      #expect(try await rows(.conversationChat, api).map(\.conversation) == ["a\u{1}b"])
    }
  }
}

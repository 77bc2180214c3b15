import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ResponseTests {
  private static let path = "/v1/responses"

  @Test(arguments: TestEngine.allCases)
  func `a response that goes on with another is in its conversation`(_ engine: TestEngine) async throws {
    let upstream = try ResponseUpstream()
    try await TestAPI.with(configuration: .gateway(to: upstream.fake), on: engine) { api in
      let first = try await api.post(Self.path, #"{"model":"m","input":"one"}"#)
      let conversation = try #require(first.fields["X-Conversation-Id"])
      let body =
        #"{"model":"m", "previous_response_id":"resp_1", "input":[{"role":"user","content":"two"}, {"type":"#
        + #""function_call_output","call_id":"c","output":"17"}]}"#
      let second = try await api.post(Self.path, body)
      #expect(second.fields["X-Conversation-Id"] == conversation)
      let third = try await api.post(Self.path, #"{"model":"m","input":"three","previous_response_id":"resp_2"}"#)
      #expect(third.fields["X-Conversation-Id"] == conversation)
      let elsewhere = try await api.post(Self.path, #"{"model":"m","input":"four","previous_response_id":"resp_x"}"#)
      #expect(elsewhere.fields["X-Conversation-Id"] != conversation)
      // Passed on as they came.
      #expect(upstream.fake.requests.map(\.body)[1] == body)
      #expect(try await api.recorded(third).map { $0.text("query") } == ["one", "two", "three"])
      let request = try await api.get(
        "/api/v1/conversations/\(conversation)/exchanges/\(try #require(second.fields["X-Exchange-Id"]))/request")
      #expect(request.text == body)
      let findings = try await api.store.verify { _ in }
      #expect(findings == [])
    }
  }

  @Test(arguments: [#""conv_1""#, #"{"id":"conv_1"}"#])
  func `a response is in the conversation that it names`(conversation: String) async throws {
    let upstream = try ResponseUpstream()
    try await TestAPI.with(configuration: .gateway(to: upstream.fake)) { api in
      let body = #"{"model":"m","input":"one","conversation":\#(conversation)}"#
      let answer = try await api.post(Self.path, body)
      #expect(answer.fields["X-Conversation-Id"] == "conv_1")
      #expect(upstream.fake.requests.first?.body == body)
      let null = try await api.post(Self.path, #"{"model":"m","input":"one","conversation":null}"#)
      #expect(null.status == 200 && null.fields["X-Conversation-Id"] != "conv_1")
    }
  }

  @Test func `nobody goes on with a response of somebody else, nor reads or deletes it`() async throws {
    let upstream = try ResponseUpstream()
    try await TestAPI.with(configuration: .gateway(to: upstream.fake) { $0.authentication = .on }) { api in
      let ana = HTTPFields.key(try await api.makeKey(app: "shop", user: "ana"))
      let first = try await api.post(Self.path, #"{"model":"m","input":"one"}"#, fields: ana)
      #expect(first.status == 200)
      for key in [
        try await api.makeKey(user: "ben"), try await api.makeKey(app: "other"),
        try await api.makeKey(account: "other"),
      ] {
        let strange = try await api.post(
          Self.path, #"{"model":"m","input":"two","previous_response_id":"resp_1"}"#, fields: .key(key))
        #expect(strange.status == 404 && strange.fields["X-Conversation-Id"] == nil)
        for path in ["/resp_1", "/resp_1/input_items"] {
          #expect(try await api.get(Self.path + path, fields: .key(key)).status == 404)
        }
        #expect(try await api.request("DELETE", Self.path + "/resp_1", fields: .key(key)).status == 404)
      }
      #expect(upstream.fake.requests.count == 1)
      let reader = HTTPFields.key(try await api.makeKey(.read))
      #expect(try await api.get(Self.path + "/resp_1", fields: reader).status == 200)
      // Which would need a call to the upstream.
      #expect(try await api.get(Self.path + "/resp_elsewhere", fields: reader).status == 404)
      #expect(try await api.get(Self.path + "/resp_elsewhere", fields: ana).status == 404)
      let admin = HTTPFields.key(try await api.makeAdminKey())
      #expect(try await api.get(Self.path + "/resp_elsewhere", fields: admin).status == 200)
      let own = try await api.get(Self.path + "/resp_1", fields: ana)
      #expect(own.text == ResponseUpstream.response("resp_1", text: "Answer 1."))
    }
  }

  @Test(arguments: TestEngine.allCases)
  func `one that had not ended when it was recorded is asked of its upstream`(_ engine: TestEngine) async throws {
    let upstream = try ResponseUpstream(status: "queued")
    try await TestAPI.with(configuration: .gateway(to: upstream.fake), on: engine) { api in
      let first = try await api.post(Self.path, #"{"model":"m","input":"one","background":true}"#)
      #expect(first["status"]?.string?.string == "queued")
      let found = try await api.get(Self.path + "/resp_bg1")
      #expect(found["status"]?.string?.string == "completed")
      // It is no answer, but a later one goes on with it.
      let next = try await api.post(Self.path, #"{"model":"m","input":"two","previous_response_id":"resp_bg1"}"#)
      #expect(next.fields["X-Conversation-Id"] == first.fields["X-Conversation-Id"])
      let exchanges = try await api.recorded(next)
      #expect(exchanges.map { $0.text("id") } == [first, next].map { $0.fields["X-Exchange-Id"] })
      #expect(exchanges.map { $0.text("finish_reason") } == ["queued", "queued"])
      let page = try await api.get("/api/v1/conversations/\(try #require(next.fields["X-Conversation-Id"]))")
      #expect(page["messages"]?.elements.map { $0.text("role") } == ["user", "user"])
      let findings = try await api.store.verify { _ in }
      #expect(findings == [])
    }
  }

  @Test func `wrong pages of input items are refused`() async throws {
    let upstream = try ResponseUpstream()
    try await TestAPI.with(configuration: .gateway(to: upstream.fake)) { api in
      _ = try await api.post(Self.path, #"{"model":"m","input":[{"role":"user","content":"one"}]}"#)
      let page = try await api.get(Self.path + "/resp_1/input_items")
      let id = try #require(page.string("first_id"))
      #expect(try await api.get(Self.path + "/resp_1/input_items?after=" + id)["data"]?.text == "[]")
      for query in ["limit=0", "limit=101", "order=up", "after=msg_1"] {
        #expect(try await api.get(Self.path + "/resp_1/input_items?" + query).status == 400, "\(query)")
      }
    }
  }

  /// With the client's check of what it gets switched on.
  @Test func `OpenAI's own client reads the responses that were recorded`() async throws {
    let upstream = try ResponseUpstream()
    try await TestAPI.with(.socket, configuration: .gateway(to: upstream.fake)) { api in
      let outcome = try await SpawnedCommand.run(
        [Fixtures.path("openai/responses.py"), api.url], executable: Fixtures.python, in: TemporaryFolder())
      #expect(outcome.code == 0, "\(outcome.output) \(outcome.errors)")
      let deletions = upstream.fake.requests.filter { $0.head.hasPrefix("DELETE ") }
      #expect(deletions.count == 3)
    }
  }
}

import Foundation
import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ChannelTests {
  private static let path = "/api/admin/channels"

  private func make(_ api: TestAPI, _ admin: HTTPFields, _ fields: String) async throws -> TestAPI.Answer {
    try await api.post(Self.path, "{\(fields)}", fields: admin)
  }

  @Test(arguments: Transport.allCases)
  func `a channel is made, listed without its key, changed and deleted`(_ transport: Transport) async throws {
    try await TestAPI.with(transport, configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      let made = try await make(
        api, admin,
        #""name":"one","base_url":"https://one.example/v1","key":"sk-hidden","models":["m",{}],"headers":{"X-A":"b"}"#)
      #expect(made.status == 400)
      let good = try await make(
        api, admin,
        #""name":"one","base_url":"https://one.example/v1","key":"sk-hidden","models":["m"],"headers":{"X-A":"hid"}"#)
      #expect(good.status == 200, "\(good.text)")
      let id = try #require(good.json["id"]?.integer)
      #expect(id == 1)
      #expect(good.json["has_key"]?.boolean == true)

      let list = try await api.get(Self.path, fields: admin)
      #expect(list.text.contains(#""name":"one""#))
      #expect(!list.text.contains("hid"))
      for file in try api.databaseFiles() {
        #expect(!String(decoding: file, as: UTF8.self).contains("sk-hidden"), "it is sealed")
      }

      let changed = try await api.request(
        "PATCH", "\(Self.path)/\(id)", fields: admin, body: Array(#"{"status":"disabled","priority":7}"#.utf8))
      #expect(changed.json.text("status") == "disabled")
      #expect(changed.json["priority"]?.integer == 7)
      #expect(changed.json["has_key"]?.boolean == true)

      #expect(try await make(api, admin, #""name":"one","base_url":"http://x","models":["m"]"#).status == 409)
      #expect(try await api.request("DELETE", "\(Self.path)/\(id)", fields: admin).status == 200)
      #expect(try await api.request("DELETE", "\(Self.path)/\(id)", fields: admin).status == 404)
      let again = try await make(api, admin, #""name":"one","base_url":"http://x","models":["m"]"#)
      #expect(again.json["id"]?.integer == 2, "the number of a deleted one is not given again")
    }
  }

  @Test(arguments: [
    (#""base_url":"http://x","models":["m"]"#, "name"), (#""name":"a","models":["m"]"#, "base_url"),
    (#""name":"a","base_url":"http://x""#, "models"),
    (#""name":"a","base_url":"file:///etc","models":["m"]"#, "base_url"),
    (#""name":"a","base_url":"http://x y","models":["m"]"#, "base_url"),
    (#""name":"a","base_url":"http://x","models":["m"],"headers":{"A":"b\r\nC: d"}"#, "headers"),
    (#""name":"a","base_url":"http://x","models":["m"],"weight":0"#, "weight"),
    (#""name":"a","base_url":"http://x","models":["m"],"dialect":"dify"#, "JSON"),
    (#""name":"a","base_url":"http://x","models":["m"],"dialect":"dify""#, "dialect"),
    (#""name":"a","base_url":"http://x","models":["m"],"colour":"red""#, "colour"),
  ])
  func `what a channel cannot be is refused by name`(_ fields: String, _ named: String) async throws {
    try await TestAPI.with(configuration: .withKeys) { api in
      let answer = try await make(api, .key(try await api.makeAdminKey()), fields)
      #expect(answer.status == 400 || answer.status == 422)
      #expect(answer.json.text("detail")?.contains(named) == true, "\(answer.text)")
    }
  }

  @Test func `calls go by model to the channel of the highest priority, under its name and key`() async throws {
    let (first, second) = (try FakeUpstream.completing(), try FakeUpstream.completing())
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      for (name, upstream, priority) in [("low", first, 0), ("high", second, 1)] {
        let made = try await make(
          api, admin,
          #""name":"\#(name)","base_url":"\#(upstream.baseURL)","key":"sk-\#(name)","priority":\#(priority),"#
            + #""models":{"fast":"gpt-4o-mini","\#(name)":"own"},"headers":{"X-Team":"\#(name)"}"#)
        #expect(made.status == 200, "\(made.text)")
      }
      let answer = try await api.post(Chat.path, #"{"model":"fast","messages":[]}"#, fields: admin)
      #expect(answer.status == 200)
      #expect(first.requests.isEmpty)
      let request = try #require(second.requests.first)
      #expect(request.body == #"{"model":"gpt-4o-mini","messages":[]}"#)
      #expect(request.field("Authorization") == "Bearer sk-high")
      #expect(request.field("X-Team") == "high")

      _ = try await api.post(Chat.path, #"{"model":"low","messages":[]}"#, fields: admin)
      #expect(first.requests.count == 1)
      let unknown = try await api.post(Chat.path, #"{"model":"other","messages":[]}"#, fields: admin)
      #expect(unknown.status == 404)
      #expect(unknown.json["error"]?.text("code") == "model_not_found")
      let models = try await api.get("/v1/models", fields: admin)
      #expect(models.json["data"]?.elements.compactMap { $0.text("id") } == ["fast", "high", "low"])
    }
  }

  @Test func `what is passed on hears the channel's own name of a model, too`() async throws {
    let upstream = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .withKeys) { api in
      try await api.makeChannel(#""base_url":"\#(upstream.baseURL)","models":{"fast":"gpt-4o-mini","*":"*"}"#)
      let key: HTTPFields = .key(try await api.makeKey())
      for body in [#" {"input":"\u0000", "model" : "fast","x":1.0} "#, #"["fast"]"#] {
        _ = try await api.post("/v1/embeddings", body, fields: key)
      }
      let form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nfast\r\n--b--\r\n"
      _ = try await api.post("/v1/audio/transcriptions", form, type: "multipart/form-data; boundary=b", fields: key)
      #expect(
        upstream.requests.map(\.body)
          == [#" {"input":"\u0000", "model" : "gpt-4o-mini","x":1.0} "#, #"["fast"]"#, form])
    }
  }

  @Test func `upstreams are asked for their models at once`() async throws {
    let asked = Atomic(0)
    let all = DispatchSemaphore(value: 0)
    let upstreams = try (0..<3).map { number in
      try FakeUpstream { _, peer in
        // Each answers once all were asked.
        if asked.add(1, ordering: .relaxed).newValue == 3 { all.signal() }
        guard all.wait(timeout: .now() + 60) == .success else { return false }
        all.signal()
        peer.answer(#"{"data":[{"id":"m\#(number)"}]}"#, fields: "Content-Type: application/json\r\n")
        return true
      }
    }
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      for (number, upstream) in upstreams.enumerated() {
        _ = try await make(api, admin, #""name":"c\#(number)","base_url":"\#(upstream.baseURL)","models":["*"]"#)
      }
      let models = try await api.get("/v1/models", fields: admin)
      #expect(models.json["data"]?.elements.compactMap { $0.text("id") } == ["m0", "m1", "m2"])
    }
  }

  @Test func `who is left alone is not asked for models either`() async throws {
    let failing = try FakeUpstream { _, peer in peer.refuse(500, "{}") }
    try await TestAPI.with(configuration: .gateway(to: failing)) { api in
      for _ in 0..<2 { _ = try await api.post(Chat.path, Chat.request) }
      let count = failing.requests.count
      #expect(try await api.get("/v1/models").text == #"{"object":"list","data":[]}"#)
      #expect(failing.requests.count == count)
    }
  }

  @Test func `when one fails the next is asked, and one that keeps failing is left alone`() async throws {
    let failing = try FakeUpstream { _, peer in peer.refuse(500, "{}") }
    let good = try FakeUpstream.completing()
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      for (name, upstream, priority) in [("failing", failing, 1), ("good", good, 0)] {
        _ = try await make(
          api, admin,
          #""name":"\#(name)","base_url":"\#(upstream.baseURL)","priority":\#(priority),"models":["m"]"#)
      }
      for _ in 0..<8 {
        let answer = try await api.post(Chat.path, #"{"model":"m","messages":[]}"#, fields: admin)
        #expect(answer.status == 200)
      }
      #expect(good.requests.count == 8)
      #expect(failing.requests.count == 5)
    }
  }

  @Test func `a channel is tested by asking for its models`() async throws {
    let upstream = try FakeUpstream { request, peer in
      guard request.field("Authorization") == "Bearer sk-right" else { return peer.refuse(401, "wrong key") }
      peer.answer(#"{"data":[{"id":"a"},{"id":"b"}]}"#)
      return true
    }
    try await TestAPI.with(configuration: .withKeys) { api in
      let admin: HTTPFields = .key(try await api.makeAdminKey())
      for (key, isGood) in [("sk-right", true), ("sk-wrong", false)] {
        let made = try await make(
          api, admin, #""name":"\#(key)","base_url":"\#(upstream.baseURL)","key":"\#(key)","models":["*"]"#)
        let id = try #require(made.json["id"]?.integer)
        let answer = try await api.request("POST", "\(Self.path)/\(id)/test", fields: admin)
        #expect(answer.json["success"]?.boolean == isGood, "\(answer.text)")
        #expect(answer.json["models"]?.integer == (isGood ? 2 : 0))
      }
    }
  }
}

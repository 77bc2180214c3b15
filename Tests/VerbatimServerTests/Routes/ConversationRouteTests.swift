import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ConversationRouteTests {
  /// Each message that OpenAI knows, as it must come back.
  private static let messages = [
    #"{"role":"system","content":"Be brief."}"#,
    #"{"role":"developer","content":[{"type":"text","text":"Use tools."}]}"#,
    #"{"role":"user","name":"ana","content":[{"type":"text","text":"What is this?"},"#
      + #"{"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"low"}},"#
      + #"{"type":"input_audio","input_audio":{"data":"UklGRg==","format":"wav"}}]}"#,
    #"{"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":"#
      + #"{"name":"look","arguments":"{\"n\":1e400}"}}]}"#,
    #"{"role":"tool","tool_call_id":"call_1","content":"\u0000 and \ud800"}"#,
    #"{"role":"assistant","content":null,"function_call":{"name":"old","arguments":"{}"}}"#,
    #"{"role":"function","content":"1","name":"old"}"#,
    #"{"role":"assistant","content":[{"type":"refusal","refusal":"I cannot."}],"refusal":"I cannot.","audio":{"id":"audio_1"}}"#,
    #"{"role":"user","content":""}"#,
  ]

  @Test(arguments: Transport.allCases)
  func `every form of message comes back as it was sent`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let body = """
        {"app_id":"app","user_id":"user","conversation_id":"c","messages":[\(Self.messages.joined(separator: ","))],\
        "answer":"A cat."}
        """
      #expect(try await api.post("/api/chat/insert", body).status == 200)
      let answer = try await api.get("/api/v1/conversations/c?limit=100")
      #expect(answer.status == 200)
      let found = answer["messages"].map { $0.elements.map(\.text) } ?? []
      #expect(found == Self.messages + [#"{"role":"assistant","content":"A cat."}"#])
      #expect(answer["has_more"]?.boolean == false)
      #expect(answer["conversation"]?.string("id") == "c")
      let first = try await api.get("/api/v1/conversations/c?limit=4")
      #expect(first["messages"].map { $0.elements.map(\.text) } == Array(found.suffix(4)))
      #expect(first["has_more"]?.boolean == true)
      let edge = try #require(first.string("first_id"))
      let second = try await api.get("/api/conversations/c?limit=100&before=\(edge)")
      #expect(second["messages"].map { $0.elements.map(\.text) } == Array(found.dropLast(4)))
      let last = try #require(second.string("last_id"))
      let third = try await api.get("/api/v1/conversations/c?limit=100&after=\(last)")
      #expect(third["messages"].map { $0.elements.map(\.text) } == Array(found.suffix(4)))
    }
  }

  @Test func `a conversation is renamed, archived, tagged, deleted, restored and purged`() async throws {
    try await TestAPI.with(.router) { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c/ä""#))
      let path = "/api/v1/conversations/c%2F%C3%A4"
      let change = #"{"name":"Größe","status":"archived","tags":["x"],"metadata":{"n":1.0}}"#
      let changed = try await api.send("PATCH", path, change)
      #expect(changed.status == 200)
      #expect(changed.string("name") == "Größe" && changed.string("status") == "archived")
      #expect(changed["tags"]?.text == #"["x"]"# && changed["metadata"]?.text == #"{"n":1.0}"#)
      let listed = try await api.get("/api/v1/conversations?status=archived&tag=x&q=GR%C3%96%C3%9FE")
      #expect(listed["conversations"]?.elements.map { $0.string("id") } == ["c/ä"])
      #expect(listed["next_cursor"]?.isNull == true)
      #expect(try await api.request("DELETE", path).text == #"{"message":"conversation deleted"}"#)
      #expect(try await api.get(path).status == 404)
      #expect(try await api.request("DELETE", path).status == 404)
      let deleted = try await api.get("/api/v1/conversations?status=deleted")
      #expect(deleted["conversations"]?.elements.map { $0.string("status") } == ["deleted"])
      #expect(try await api.request("POST", path + "/restore").string("status") == "active")
      let purged = try await api.request("DELETE", path + "?purge=true")
      #expect(purged.text == #"{"message":"conversation purged","exchanges":1,"messages":2,"errors":0}"#)
      #expect(try await api.request("POST", path + "/purge").status == 404)
      #expect(try await api.get("/api/v1/conversations").text == #"{"conversations":[],"next_cursor":null}"#)
    }
  }

  @Test func `lists are paged by cursor and by offset`() async throws {
    try await TestAPI.with(.router) { api in
      for number in 0..<5 {
        let more = #""conversation_id":"c\#(number)","created_at":\#(1_736_937_000_000 + number)"#
        _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", more))
      }
      var ids: [String?] = []
      var path = "/api/v1/conversations?limit=2"
      while true {
        let page = try await api.get(path)
        ids += page["conversations"]?.elements.map { $0.string("id") } ?? []
        guard let cursor = page.string("next_cursor") else { break }
        path = "/api/v1/conversations?limit=2&cursor=\(cursor)"
      }
      #expect(ids == ["c4", "c3", "c2", "c1", "c0"])
      let offset = try await api.get("/api/v1/conversations?limit=2&offset=3&order=asc")
      #expect(offset["conversations"]?.elements.map { $0.string("id") } == ["c3", "c4"])
      let times = try await api.get(
        "/api/v1/conversations?from=2025-01-15T10:30:00.001Z&to=1736937000003&sort=name&order=asc")
      #expect(times["conversations"]?.elements.map { $0.string("id") } == ["c1", "c2"])
    }
  }

  @Test(
    arguments: [
      ("GET", "/api/v1/conversations?limit=0", "", 400), ("GET", "/api/v1/conversations?offset=10001", "", 400),
      ("GET", "/api/v1/conversations?cursor=AAAA", "", 400), ("GET", "/api/v1/conversations?sort=size", "", 400),
      ("GET", "/api/v1/conversations?status=normal", "", 400), ("GET", "/api/v1/conversations?from=then", "", 400),
      ("GET", "/api/v1/conversations?from=2025-01-02&to=2025-01-01", "", 400),
      ("GET", "/api/v1/conversations?account_id=other", "", 403),
      ("GET", "/api/v1/conversations/c?before=x", "", 400), ("GET", "/api/v1/conversations/none", "", 404),
      ("DELETE", "/api/v1/conversations/c?purge=perhaps", "", 400),
      ("PATCH", "/api/v1/conversations/c", #"{"title":"x"}"#, 400),
      ("PATCH", "/api/v1/conversations/c", #"{"name":""}"#, 400), ("PATCH", "/api/v1/conversations/c", "{", 422),
      ("PATCH", "/api/v1/conversations/c", #"{"status":"deleted"}"#, 400),
      ("PATCH", "/api/v1/conversations/c", #"{"tags":["a\u0000"]}"#, 400),
      ("PATCH", "/api/v1/conversations/c", #"{"metadata":[]}"#, 400),
      ("PATCH", "/api/v1/conversations/none", "{}", 404), ("POST", "/api/v1/conversations/none/restore", "", 404),
      ("PUT", "/api/v1/conversations/c/settings", #"{"temperature":2.01}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"top_p":-0.1}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"presence_penalty":"1"}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"max_tokens":0}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"max_tokens":1.5}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"stop_sequences":["1","2","3","4","5"]}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"stop_sequences":[""]}"#, 400),
      ("PUT", "/api/v1/conversations/c/settings", #"{"temprature":1}"#, 400),
      ("GET", "/api/v1/conversations/none/files", "", 404), ("GET", "/api/v1/conversations/none/errors", "", 404),
      ("GET", "/api/v1/errors?cursor=1", "", 400), ("GET", "/api/v1/conversations/c/files?after=1", "", 400),
    ])
  func `what cannot be asked is refused`(
    _ example: (method: String, path: String, body: String, status: Int)
  ) async throws {
    try await TestAPI.with(.router) { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c""#))
      let answer = try await api.send(example.method, example.path, example.body)
      #expect(answer.status == example.status, "\(answer.text)")
      #expect(answer["success"]?.boolean == false)
    }
  }

  @Test func `settings, files, errors and statistics are told`() async throws {
    try await TestAPI.with(.router) { api in
      let file = #"{"type":"image","transfer_method":"remote_url","url":"/label.png","belongs_to":"user"}"#
      _ = try await api.post(
        "/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c","files":[\#(file)]"#))
      let failed =
        #"{"app_id":"app","user_id":"user","conversation_id":"c","query":"q","error_code":429,"error_message":"slow"}"#
      _ = try await api.post("/api/chat/error", failed)
      let path = "/api/v1/conversations/c"
      let settings = #"{"temperature":0.2,"stop_sequences":["\n"],"system_message":"Be brief.","max_tokens":64}"#
      let set = try await api.send("PUT", path + "/settings", settings)
      #expect(set.status == 200)
      let shown = try await api.get(path + "/settings")
      #expect(shown.text == set.text)
      #expect(shown["temperature"]?.text == "0.2" && shown["stop_sequences"]?.text == #"["\n"]"#)
      #expect(shown["top_p"]?.isNull == true)
      let files = try await api.get(path + "/files")
      #expect(files["files"]?.elements.map { $0.string("url") } == ["/label.png"])
      for errors in [try await api.get(path + "/errors"), try await api.get("/api/v1/errors?code=429")] {
        #expect(errors["errors"]?.elements.map { $0["error"]?.text } == [#"{"code":"429","message":"slow"}"#])
      }
      let day = String(Timestamp.text(UnixClock.milliseconds()).prefix(10))
      #expect(
        try await api.get("/api/v1/stats/conversations").text
          == #"{"total_conversations":1,"total_messages":2,"total_tokens":0,"models_used":{"custom-model":2},"#
          + #""daily_message_count":{"\#(day)":2}}"#)
    }
  }

  @Test func `acting for a user narrows everything to the user`() async throws {
    try await TestAPI.with(.router) { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c""#))
      let stranger = try await api.request("GET", "/api/v1/conversations/c", fields: ["X-User-Id": "eve"])
      #expect(stranger.status == 404)
      #expect(try await api.request("DELETE", "/api/v1/conversations/c", fields: ["X-User-Id": "eve"]).status == 404)
      let own = try await api.request("GET", "/api/v1/conversations", fields: ["X-User-Id": "user"])
      #expect(own["conversations"]?.elements.map { $0.string("id") } == ["c"])
    }
  }
}

extension TestAPI {
  /// A request with a JSON body, where there is one.
  fileprivate func send(_ method: String, _ path: String, _ body: String) async throws -> Answer {
    try await request(method, path, fields: ["Content-Type": "application/json"], body: Array(body.utf8))
  }
}

import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct ReadingTests {
  @Test(arguments: Transport.allCases)
  func `pages lead back from the newest to the first`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      for index in 0..<7 {
        _ = try await api.post(
          "/api/chat/insert", Bodies.exchange("q\(index)", answer: "a", #""conversation_id":"c""#))
      }
      var queries: [[String?]] = []
      var path = "/api/chat/c/messages?limit=3"
      while true {
        let page = try await api.get(path)
        #expect(page.status == 200)
        queries.append(page.data.map { $0.string("query") })
        guard page["has_more"]?.boolean == true, let first = page.data.first?.string("id") else { break }
        path = "/api/chat/c/messages?limit=3&first_id=\(first)"
      }
      #expect(queries == [["q4", "q5", "q6"], ["q1", "q2", "q3"], ["q0"]])
      let first = try #require(try await api.get("/api/chat/c/messages?limit=100").data.first?.string("id"))
      let empty = try await api.get("/api/chat/c/messages?first_id=\(first)")
      #expect(empty.data.isEmpty)
      #expect(empty["has_more"]?.boolean == false)
    }
  }

  @Test(arguments: Transport.allCases)
  func `pages lead on from the first to the newest`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      for index in 0..<7 {
        _ = try await api.post(
          "/api/chat/insert", Bodies.exchange("q\(index)", answer: "a", #""conversation_id":"c""#))
      }
      var queries: [[String?]] = []
      var path = "/api/chat/c/messages?limit=3&order=asc"
      while true {
        let page = try await api.get(path)
        #expect(page.status == 200)
        queries.append(page.data.map { $0.string("query") })
        guard page["has_more"]?.boolean == true, let last = page.data.last?.string("id") else { break }
        path = "/api/chat/c/messages?limit=3&last_id=\(last)"
      }
      #expect(queries == [["q0", "q1", "q2"], ["q3", "q4", "q5"], ["q6"]])
    }
  }

  @Test func `a cursor must be a message, in the conversation, and of its order`() async throws {
    try await TestAPI.with(.router) { api in
      _ = try await api.post("/api/chat/insert", Bodies.exchange("q", answer: "a", #""conversation_id":"c""#))
      let unknown = "01a1faa0-e914-771f-bc96-4b626530eca5"
      for (query, status) in [
        ("first_id=x", 400), ("last_id=x", 400), ("order=up", 400), ("order=asc&first_id=\(unknown)", 400),
        ("order=desc&last_id=\(unknown)", 400), ("first_id=\(unknown)&last_id=\(unknown)", 400),
        ("first_id=\(unknown)", 404), ("last_id=\(unknown)", 404),
      ] {
        let answer = try await api.get("/api/chat/c/messages?\(query)")
        #expect(answer.status == status, "\(query)")
      }
    }
  }

  @Test(arguments: Transport.allCases)
  func `health is told`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let health = try await api.get("/api/chat/health")
      #expect(health.status == 200)
      #expect(health.text == #"{"status":"healthy","service":"chat-data-insertion"}"#)
      #expect(try await api.get("/health/live").status == 200)
      #expect(try await api.get("/health/ready").string("status") == "ready")
      let counts = try await api.get("/health/ready?connections=1").text
      #expect(counts.hasPrefix(#"{"status":"ready","connections":{"limit":"#))
      #expect(counts.contains(#""waiting":0,"waits":0,"wait_ms":0,"closed_as_idle":0,"closed_as_old":0"#))
      let head = try await api.request("HEAD", "/health/ready")
      #expect(head.status == 200)
    }
  }

  @Test(arguments: [
    (0, "0"), (1, "0.000001"), (1500, "0.0015"), (1_000_000, "1"), (-2_500_000, "-2.5"),
    (Int64.max, "9223372036854.775807"), (Int64.min, "-9223372036854.775808"),
  ])
  func `millionths are written exactly`(_ value: Int64, _ text: String) {
    var json = JSONWriter()
    json.millionths(value)
    #expect(String(decoding: json.bytes, as: UTF8.self) == text)
  }
}

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
  func `health is told`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let health = try await api.get("/api/chat/health")
      #expect(health.status == 200)
      #expect(health.text == #"{"status":"healthy","service":"chat-data-insertion"}"#)
      #expect(try await api.get("/health/live").status == 200)
      #expect(try await api.get("/health/ready").string("status") == "ready")
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

import Foundation
import HTTP
import Testing
import VerbatimModel
import VerbatimTesting

@testable import VerbatimServer

@Suite struct BatchTests {
  private let path = "/api/chat/insert/batch"

  @Test(arguments: Transport.allCases)
  func `an array and lines give results in order`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let items = (0..<1300).map {
        Bodies.exchange("q\($0)", answer: "a", "\"client_message_id\":\"m\($0)\",\"conversation_id\":\"c\"")
      }
      let array = try await api.post(path, "[" + items.joined(separator: ",\n") + "]")
      #expect(array.status == 200)
      #expect(array["success"]?.boolean == true)
      #expect(array.integer("inserted") == 1300)
      #expect(array.integer("duplicates") == 0)
      #expect(array.integer("failed") == 0)
      #expect(array.results.map { $0["index"]?.integer } == (0..<1300).map(Int64.init))
      let lines = try await api.post(path, items.joined(separator: "\r\n"), type: "application/x-ndjson")
      #expect(lines.integer("duplicates") == 1300)
      #expect(lines.results.map { $0.string("message_id") } == array.results.map { $0.string("message_id") })
      #expect(try await api.get("/api/chat/c").integer("dialogue_count") == 1300)
      let page = try await api.get("/api/chat/c/messages?limit=3")
      #expect(page.data.map { $0.string("query") } == ["q1297", "q1298", "q1299"])
    }
  }

  @Test(arguments: ["application/x-ndjson", "application/json", nil])
  func `one bad line never loses the others`(_ type: String?) async throws {
    try await TestAPI.with { api in
      let lines = [
        Bodies.exchange("1", answer: "a"), #"{"app_id":"a"}"#, "{broken", "", "   ", "[1]",
        Bodies.exchange("2", answer: "b"),
      ]
      let answer = try await api.post(path, lines.joined(separator: "\n"), type: type)
      #expect(answer.status == 200)
      #expect(answer["success"]?.boolean == false)
      #expect(answer.integer("inserted") == 2)
      #expect(answer.integer("failed") == 3)
      #expect(
        answer.results.map { $0.string("error") } == [nil, "invalid_value", "invalid_json", "invalid_value", nil])
      #expect(answer.results[1]["conversation_id"]?.isNull == true)
      #expect(answer.results[1].string("detail")?.contains("user_id") == true)
    }
  }

  @Test(arguments: [",{\"app_id\":", ",,", " x", "", ",{\"app_id\":tru}," + Bodies.exchange() + "]", "] ["])
  func `where an array stops being JSON what came before stands`(_ end: String) async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(path, "[" + Bodies.exchange("1") + "," + Bodies.exchange("2") + end)
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 2)
      #expect(answer.results.count == 3)
      #expect(answer.results.last?.string("error") == "invalid_json")
      #expect(answer.results.last?["success"]?.boolean == false)
    }
  }

  @Test(arguments: ["[", "[,", "[{\"a\":tru}]", " [{\"a\":tru}, \(Bodies.exchange())]", "[nonsense"])
  func `an array that stops being JSON at its first item has one result`(_ body: String) async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(path, body)
      #expect(answer.status == 200)
      #expect(answer["success"]?.boolean == false)
      #expect(answer.results.map { $0.string("error") } == ["invalid_json"])
    }
  }

  @Test func `an object over several lines is answered with what to send instead`() async throws {
    try await TestAPI.with { api in
      let pretty = "{\n  \"app_id\": \"a\",\n  \"user_id\": \"u\"\n}"
      for type in ["application/json", nil] {
        let answer = try await api.post(path, pretty, type: type)
        #expect(answer.status == 422)
        #expect(answer.string("detail")?.contains("application/x-ndjson") == true)
      }
      let lines = try await api.post(path, "{\n" + Bodies.exchange(), type: "application/x-ndjson")
      #expect(lines.results.map { $0.string("error") } == ["invalid_json", nil])
    }
  }

  @Test(arguments: ["", "  \n", "12", "\"text\"", "nonsense", String(repeating: " ", count: 70_000) + "x"])
  func `a body that never was JSON is 422`(_ body: String) async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(path, body)
      #expect(answer.status == 422)
      #expect(answer.string("error") == "invalid_json")
    }
  }

  @Test func `an empty array stores nothing`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(path, " [ ] ")
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 0)
      #expect(answer.results.isEmpty)
    }
  }

  @Test func `an item of another kind is refused alone`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(path, "[null, 1, \(Bodies.exchange())]")
      #expect(answer.integer("inserted") == 1)
      #expect(answer.integer("failed") == 2)
    }
  }

  @Test func `the item after the ten thousandth is refused and the rest not read`() async throws {
    try await TestAPI.with { api in
      let item = Bodies.exchange("q", answer: "a", #""client_message_id":"one""#)
      let answer = try await api.post(path, "[" + Array(repeating: item, count: 10_002).joined(separator: ",") + "]")
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 1)
      #expect(answer.integer("duplicates") == 9_999)
      #expect(answer.results.count == 10_001)
      #expect(answer.results.last?.string("error") == "too_many_items")
    }
  }

  @Test func `an Idempotency-Key makes a repeated batch harmless`() async throws {
    try await TestAPI.with { api in
      let body = "[\(Bodies.exchange("1")),\(Bodies.exchange("1"))]"
      let first = try await api.post(path, body, fields: ["Idempotency-Key": "batch"])
      let second = try await api.post(path, body, fields: ["Idempotency-Key": "batch"])
      #expect(first.integer("inserted") == 2)
      #expect(second.integer("duplicates") == 2)
      let long = String(repeating: "k", count: 60)
      #expect(try await api.post(path, body, fields: ["Idempotency-Key": long]).status == 400)
    }
  }

  @Test(arguments: [HTTPError.bodyTooLarge(limit: 9), .badBody("cut"), .tooSlow, .overloaded(retryAfter: .seconds(1))])
  func `a body that breaks off keeps what came whole`(_ error: HTTPError) async throws {
    try await TestAPI.with { api in
      let parts = BrokenBody(parts: ["[\(Bodies.exchange("1")),", Bodies.exchange("2") + ","], error: error)
      let answer = try await api.post(path, body: RequestBody { try await parts.next() })
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 2)
      let isBroken = if case .badBody = error { true } else { false }
      #expect(answer.results.last?.string("error") == (isBroken ? "invalid_json" : APIError(error).code))
      let nothing = BrokenBody(parts: ["{\"app"], error: error)
      let refused = try await api.post(path, body: RequestBody { try await nothing.next() })
      #expect(refused.status == APIError(error).status)
    }
  }

  /// `[{"app_id":"app","user_id":"user","query":"one","answer":"a"},{… "query":"two","answer":"b"}]`, made by the tools
  /// of these names.
  @Test(
    arguments: Transport.allCases,
    [
      (
        "gzip",
        "H4sIAAAAAAACA4uuVkosKIjPTFGyAjGUdJRKi1OLIHwQCyhQWJpaVAnk5uelAnmJecXlQGGgaqVaHeI1l5TnI2tOUqqNBQAUUOl7ewAAAA=="
      ),
      (
        "zstd",
        "KLUv/QRYXQIA9ANbeyJhcHBfaWQiOiJhcHAiLCJ1c2VydXNlciIsInF1ZXJ5Ijoib25lIiwiYW5zd2VyIjoiYSJ9LHR3b2IifV0DAMANBQJ8ZphNR0PQmw=="
      ),
    ])
  func `an encoded body is decoded`(_ transport: Transport, _ example: (coding: String, base64: String)) async throws {
    let body = try #require(Data(base64Encoded: example.base64))
    try await TestAPI.with(transport) { api in
      let answer = try await api.post(path, bytes: Array(body), fields: ["Content-Encoding": example.coding])
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 2)
      let cut = try await api.post(path, bytes: Array(body.dropLast(12)), fields: ["Content-Encoding": example.coding])
      #expect(cut["success"]?.boolean == false)
      // Nothing of a zstd frame's only block can be read before its end.
      if example.coding == "zstd" {
        #expect(cut.status == 400)
        #expect(cut.string("error") == "bad_body")
      } else {
        #expect(cut.status == 200)
        #expect(cut.results.last?.string("error") == "invalid_json")
      }
    }
  }

  @Test func `32 MB of lines are taken as they arrive`() async throws {
    try await TestAPI.with(.socket) { api in
      let item = Bodies.exchange("q", answer: String(repeating: "文", count: 1150))
      let lines = Array(repeating: item, count: 9_000).joined(separator: "\n")
      #expect(lines.utf8.count > 30 << 20)
      let answer = try await api.post(path, lines, type: "application/x-ndjson")
      #expect(answer.status == 200)
      #expect(answer.integer("inserted") == 9_000)
    }
  }
}

/// A body that ends in an error.
private actor BrokenBody {
  private var parts: [String]
  private let error: HTTPError

  init(parts: [String], error: HTTPError) {
    self.parts = parts
    self.error = error
  }

  func next() throws -> ArraySlice<UInt8>? {
    guard !parts.isEmpty else { throw error }
    return Array(parts.removeFirst().utf8)[...]
  }
}

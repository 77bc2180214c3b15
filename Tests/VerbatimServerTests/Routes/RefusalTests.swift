import HTTP
import Synchronization
import Testing
import VerbatimModel
import VerbatimStore
import VerbatimTesting

@testable import VerbatimServer

@Suite struct RefusalTests {
  @Test(
    arguments: Transport.allCases,
    [
      (#"{"user_id":"u","query":"q","answer":"a"}"#, 400, "invalid_value", "app_id"),
      (#"{"app_id":"","user_id":"u","query":"q","answer":"a"}"#, 400, "invalid_value", "app_id"),
      (#"{"app_id":7,"user_id":"u","query":"q","answer":"a"}"#, 400, "invalid_value", "app_id"),
      (#"{"app_id":"a","user_id":"u","query":"","answer":"a"}"#, 400, "invalid_value", "query"),
      (#"{"app_id":"a","user_id":"u","query":"q"}"#, 400, "invalid_value", "answer"),
      (
        #"{"app_id":"a","user_id":"u","query":"q","answer":"a","files":[{"url":"ftp://x"}]}"#, 400, "invalid_value",
        "files[0].url"
      ),
      (#"{"app_id":"a","user_id":"u","query":"q","answer":"a","inputs":[]}"#, 400, "invalid_value", "inputs"),
      (#"[]"#, 400, "invalid_value", "body"),
      (#"{"app_id":"a""#, 422, "invalid_json", "byte"),
      ("", 422, "invalid_json", "byte"),
      ("\u{FEFF}{}", 422, "invalid_json", "byte"),
    ])
  func `a body that cannot be taken is refused with its reason`(
    _ transport: Transport, _ example: (body: String, status: Int, code: String, detail: String)
  ) async throws {
    try await TestAPI.with(transport) { api in
      let answer = try await api.post("/api/chat/insert", example.body)
      #expect(answer.status == example.status)
      #expect(answer["success"]?.boolean == false)
      #expect(answer.string("error") == example.code)
      #expect(answer.string("detail")?.contains(example.detail) == true)
      #expect(answer.string("request_id") == answer.fields["X-Request-Id"])
    }
  }

  @Test func `limits are named`() async throws {
    try await TestAPI.with { api in
      let long = String(repeating: "x", count: 65)
      let answer = try await api.post(
        "/api/chat/insert", #"{"app_id":"\#(long)","user_id":"u","query":"q","answer":"a"}"#)
      #expect(answer.status == 400)
      #expect(answer.string("detail")?.contains("64") == true)
      let key = try await api.post("/api/chat/insert", Bodies.exchange(), fields: ["Idempotency-Key": long])
      #expect(key.status == 400)
      #expect(key.string("detail")?.contains("64") == true)
    }
  }

  @Test(arguments: [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/x-ndjson",
    "application/json; charset=gbk", "nonsense",
  ])
  func `a body that is not JSON by its type is refused`(_ type: String) async throws {
    try await TestAPI.with { api in
      let answer = try await api.post("/api/chat/insert", Bodies.exchange(), type: type)
      #expect(answer.status == 415)
      #expect(answer.string("error") == "unsupported_media_type")
    }
  }

  @Test(arguments: [
    nil, "application/json", "application/json;charset=UTF-8", "application/json; charset=\"utf-8\"", "text/json",
    "Application/JSON", "application/vnd.exchange+json",
  ])
  func `JSON is taken under each of its names`(_ type: String?) async throws {
    try await TestAPI.with { api in
      let answer = try await api.post("/api/chat/insert", Bodies.exchange(), type: type)
      #expect(answer.status == 200)
    }
  }

  @Test func `an unknown coding is refused with the known ones`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.post("/api/chat/insert", Bodies.exchange(), fields: ["Content-Encoding": "br"])
      #expect(answer.status == 415)
      #expect(answer.fields["Accept-Encoding"] == "gzip, zstd")
    }
  }

  @Test(arguments: Transport.allCases)
  func `paths and methods that are not there are told`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      let missing = try await api.get("/api/nothing")
      #expect(missing.status == 404)
      #expect(missing.string("error") == "not_found")
      let method = try await api.request("DELETE", "/api/chat/insert")
      #expect(method.status == 405)
      #expect(method.fields["Allow"] == "GET, HEAD, OPTIONS, POST")
      #expect(method.string("error") == "method_not_allowed")
      #expect(try await api.request("DELETE", "/api/chat/health").fields["Allow"] == "GET, HEAD, OPTIONS")
      #expect(try await api.get("/api/chat/%FF").status == 404)
    }
  }

  @Test(arguments: Transport.allCases)
  func `conversations may be called as routes are`(_ transport: Transport) async throws {
    try await TestAPI.with(transport) { api in
      for name in ["insert", "error"] {
        let body = Bodies.exchange("q", answer: "a", "\"conversation_id\":\"\(name)\"")
        #expect(try await api.post("/api/chat/insert", body).status == 200)
        let conversation = try await api.get("/api/chat/\(name)")
        #expect(conversation.status == 200)
        #expect(conversation.string("id") == name)
      }
    }
  }

  @Test func `OPTIONS says what a path knows`() async throws {
    try await TestAPI.with { api in
      for (path, allowed) in [
        ("/api/chat/health", "GET, HEAD, OPTIONS"), ("/api/chat/insert/batch", "OPTIONS, POST"),
        ("*", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
      ] {
        let answer = try await api.request("OPTIONS", path)
        #expect(answer.status == 204)
        #expect(answer.fields["Allow"] == allowed)
      }
      #expect(try await api.request("OPTIONS", "/nothing").status == 404)
    }
  }

  @Test func `a form is told how to become JSON`() async throws {
    try await TestAPI.with { api in
      let answer = try await api.post(
        "/api/chat/insert", Bodies.exchange(), type: "application/x-www-form-urlencoded")
      #expect(answer.status == 415)
      #expect(answer.string("detail")?.contains("-H 'Content-Type: application/json'") == true)
    }
  }

  @Test func `one exchange is bounded as it is decoded`() async throws {
    var configuration = Configuration()
    configuration.server.maximumBodySize = 1 << 20
    let large = Bodies.exchange("q", answer: String(repeating: "x", count: 1 << 20))
    let body = try Compression.gzip(Array(large.utf8))
    let items = try Compression.gzip(Array("[\(large),\(Bodies.exchange())]".utf8))
    try await TestAPI.with(configuration: configuration) { api in
      let answer = try await api.post("/api/chat/insert", bytes: body, fields: ["Content-Encoding": "gzip"])
      #expect(answer.status == 413)
      let batch = try await api.post("/api/chat/insert/batch", bytes: items, fields: ["Content-Encoding": "gzip"])
      #expect(batch.results.map { $0.string("error") } == ["invalid_value", nil])
    }
  }

  @Test func `bodies that find no memory are refused with Retry-After`() {
    let refused = ErrorAnswers(log: .silent).answer(
      HTTPError.overloaded(retryAfter: .seconds(5)), to: HTTPRequest(method: "POST", path: "/api/chat/insert"))
    #expect(refused.status == 503)
    #expect(refused.fields["Retry-After"] == "5")
  }

  @Test func `what the server refuses by itself is logged and answered like all else`() async throws {
    let lines = LogLines()
    var configuration = Configuration()
    configuration.server.maximumBodySize = 10
    configuration.corsOrigins = .only(["https://a.example"])
    try await TestAPI.with(.socket, configuration: configuration, log: lines.log) { api in
      let answer = try await api.post(
        "/api/chat/insert", Bodies.exchange(),
        fields: ["X-Request-Id": "mine", "Origin": "https://a.example", "User-Agent": "test/1"])
      #expect(answer.status == 413)
      #expect(answer.fields["X-Request-Id"] == "mine")
      #expect(answer.string("request_id") == "mine")
      #expect(answer.fields["Access-Control-Allow-Origin"] == "https://a.example")
    }
    let logged = lines.all.filter { $0.contains("Request ") }
    #expect(logged.count == 1)
    for part in [
      "method=POST", "path=/api/chat/insert", "status=413", "peer=127.0.0.1", "request_id=mine", "user_agent=test/1",
    ] { #expect(logged.first?.contains(part) == true, "\(part)") }
  }

  @Test func `what the server refuses by itself has the same form`() async throws {
    var configuration = Configuration()
    configuration.server.maximumBodySize = 1000
    configuration.server.maximumHeadSize = 2000
    try await TestAPI.with(.socket, configuration: configuration) { api in
      let body = try await api.post(
        "/api/chat/insert", Bodies.exchange(String(repeating: "x", count: 1000)))
      #expect(body.status == 413)
      let head = try await api.get("/health/live", fields: ["X-Long": String(repeating: "x", count: 3000)])
      #expect(head.status == 431)
      for answer in [body, head] {
        #expect(answer["success"]?.boolean == false)
        #expect(answer.string("error")?.isEmpty == false)
        #expect(answer.string("detail")?.isEmpty == false)
        #expect(answer.string("request_id") == answer.fields["X-Request-Id"])
      }
    }
  }

  @Test func `unknown conversations and pages are told`() async throws {
    try await TestAPI.with { api in
      #expect(try await api.get("/api/chat/unknown").status == 404)
      #expect(try await api.get("/api/chat/unknown/messages").status == 404)
      let answer = try await api.post("/api/chat/insert", Bodies.exchange())
      let path = "/api/chat/\(answer.string("conversation_id") ?? "")/messages"
      for limit in ["0", "101", "-1", "x", "1.5", "99999999999999999999"] {
        let refused = try await api.get(path + "?limit=" + limit)
        #expect(refused.status == 400)
        #expect(refused.string("detail")?.contains("1 to 100") == true)
      }
      #expect(try await api.get(path + "?first_id=x").status == 400)
      #expect(try await api.get(path + "?first_id=0190163d-8694-739b-aea5-966c26f8ad91").status == 404)
    }
  }

  @Test func `a store that is closed takes nothing and says so`() async throws {
    try await TestAPI.with { api in
      await api.store.close()
      let insert = try await api.post("/api/chat/insert", Bodies.exchange())
      let batch = try await api.post("/api/chat/insert/batch", "[\(Bodies.exchange())]")
      for answer in [insert, batch] {
        #expect(answer.status == 503)
        #expect(answer.string("error") == "unavailable")
        #expect(answer.fields["Retry-After"].flatMap { Int($0) } ?? 0 > 0)
      }
      let ready = try await api.get("/health/ready")
      #expect(ready.status == 503)
      #expect(ready.string("status") == "unavailable")
      let live = try await api.get("/health/live")
      #expect(live.status == 200)
    }
  }

  @Test func `a store that takes nothing is 503 with Retry-After`() {
    let errors = ErrorAnswers(log: .silent)
    let response = errors.answer(
      StoreError.unavailable(reason: "no room", retryAfter: .milliseconds(1500)),
      to: HTTPRequest(method: "POST", path: "/api/chat/insert"))
    #expect(response.status == 503)
    #expect(response.fields["Retry-After"] == "2")
  }

  @Test func `an unknown failure is logged whole and told by its id alone`() {
    struct Surprise: Error { let secret = "what it was" }
    let lines = LogLines()
    var request = HTTPRequest(method: "GET", path: "/api/chat/x")
    request.id = "id-1"
    let response = ErrorAnswers(log: lines.log).answer(Surprise(), to: request)
    #expect(response.status == 500)
    guard case .bytes(let bytes) = response.body else {
      Issue.record("no body")
      return
    }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("id-1"))
    #expect(!text.contains("what it was"))
    #expect(lines.all.contains { $0.contains("what it was") && $0.contains("id-1") })
  }
}

/// A log that a test can read.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }

  var log: Log {
    Log(level: .debug) { level, message, fields in
      let text = fields.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
      self.lines.withLock { $0.append("\(level.name) \(message) \(text)") }
    }
  }
}

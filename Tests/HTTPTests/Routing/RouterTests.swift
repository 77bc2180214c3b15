import Testing

@testable import HTTP

struct RouterTests {
  /// What a router answers, in one line.
  private func outcome(_ router: Router, _ method: String, _ path: String) -> String {
    switch router.match(method: method, path: path) {
    case .handler(_, let parameters, let pattern):
      ([pattern] + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    case .methodNotAllowed(let allow): "405 " + allow.joined(separator: ",")
    case .options(let allow): "options " + allow.joined(separator: ",")
    case .badPath: "bad path"
    case .notFound: "404"
    }
  }

  private func router(_ routes: [(String, String)]) -> Router {
    var router = Router()
    for (method, pattern) in routes {
      router.on(method, pattern) { _ in HTTPResponse(status: 200, fields: ["X-Route": "\(method) \(pattern)"]) }
    }
    return router
  }

  private static let table = [
    ("GET", "/"),
    ("POST", "/api/chat/insert"),
    ("GET", "/api/chat/{conversation_id}"),
    ("DELETE", "/api/chat/{conversation_id}"),
    ("GET", "/api/chat/health"),
    ("GET", "/api/chat/{id}/messages"),
    ("GET", "/a/{x}/c"),
    ("GET", "/a/b/d"),
    ("GET", "/a/{x}/{y}/e"),
  ]

  @Test(arguments: [
    ("GET", "/", "/"),
    ("GET", "/api/chat/health", "/api/chat/health"),
    ("HEAD", "/api/chat/health", "/api/chat/health"),
    ("GET", "/api/chat/42", "/api/chat/{conversation_id} conversation_id=42"),
    ("HEAD", "/api/chat/42", "/api/chat/{conversation_id} conversation_id=42"),
    ("DELETE", "/api/chat/42", "/api/chat/{conversation_id} conversation_id=42"),
    ("GET", "/api/chat/42/messages", "/api/chat/{id}/messages id=42"),
    ("GET", "/api/chat/health/messages", "/api/chat/{id}/messages id=health"),
    ("GET", "/a/b/c", "/a/{x}/c x=b"),
    ("GET", "/a/b/d", "/a/b/d"),
    ("GET", "/a/b/c/e", "/a/{x}/{y}/e x=b y=c"),
    ("GET", "/api/chat/a%2Fb", "/api/chat/{conversation_id} conversation_id=a/b"),
    ("GET", "/api/chat/%252F", "/api/chat/{conversation_id} conversation_id=%2F"),
    ("GET", "/api/chat/a+b", "/api/chat/{conversation_id} conversation_id=a+b"),
    ("GET", "/api/chat/%E5%A4%A9%e6%b0%94", "/api/chat/{conversation_id} conversation_id=天气"),
    ("GET", "/api/chat/..", "/api/chat/{conversation_id} conversation_id=.."),
    ("GET", "/api/ch%61t/he%61lth", "/api/chat/health"),
    ("GET", "/api/chat/insert", "/api/chat/{conversation_id} conversation_id=insert"),
    ("HEAD", "/api/chat/insert", "/api/chat/{conversation_id} conversation_id=insert"),
    ("GET", "/api/chat/ins%65rt", "/api/chat/{conversation_id} conversation_id=insert"),
    ("POST", "/api/chat/ins%65rt", "/api/chat/insert"),
    ("PUT", "/api/chat/insert", "405 DELETE,GET,HEAD,OPTIONS,POST"),
    ("DELETE", "/api/chat/health", "/api/chat/{conversation_id} conversation_id=health"),
    ("OPTIONS", "/api/chat/insert", "options DELETE,GET,HEAD,OPTIONS,POST"),
    ("POST", "/api/chat/42", "405 DELETE,GET,HEAD,OPTIONS"),
    ("OPTIONS", "/api/chat/42", "options DELETE,GET,HEAD,OPTIONS"),
    ("get", "/api/chat/42", "405 DELETE,GET,HEAD,OPTIONS"),
    ("POST", "/", "405 GET,HEAD,OPTIONS"),
    ("GET", "/api/chat/health/", "404"),
    ("GET", "/api/chat/42/", "404"),
    ("GET", "/api/chat/", "404"),
    ("GET", "/api/chat//messages", "404"),
    ("GET", "//api/chat/health", "404"),
    ("GET", "/api/chat%2Fhealth", "404"),
    ("GET", "/API/chat/health", "404"),
    ("GET", "/api/chat", "404"),
    ("GET", "", "404"),
    ("OPTIONS", "*", "options DELETE,GET,HEAD,OPTIONS,POST"),
    ("OPTIONS", "/nothing", "404"),
    ("GET", "*", "404"),
    ("GET", "api/chat/health", "404"),
    ("GET", "/api/chat/%", "bad path"),
    ("GET", "/api/chat/%4", "bad path"),
    ("GET", "/api/chat/%zz", "bad path"),
    ("GET", "/api/chat/%+1", "bad path"),
    ("GET", "/api/chat/%ff", "bad path"),
    ("GET", "/api/chat/%ed%a0%80", "bad path"),
    ("GET", "/api/chat/%c0%af", "bad path"),
  ])
  func `a path leads to the most literal pattern, whatever the order`(method: String, path: String, expected: String) {
    #expect(outcome(router(Self.table), method, path) == expected)
    #expect(outcome(router(Self.table.reversed()), method, path) == expected)
  }

  @Test func `a decoded NUL stays in the parameter`() {
    guard case .handler(_, let parameters, _) = router(Self.table).match(method: "GET", path: "/api/chat/a%00b") else {
      Issue.record("no handler")
      return
    }
    #expect(parameters == ["conversation_id": "a\0b"])
  }

  @Test func `HEAD has its own handler where one is registered`() async throws {
    let router = router([("GET", "/file"), ("HEAD", "/file")])
    guard case .handler(let handler, _, _) = router.match(method: "HEAD", path: "/file") else {
      Issue.record("no handler")
      return
    }
    let response = try await handler(HTTPRequest(method: "HEAD", path: "/file"))
    #expect(response.fields["X-Route"] == "HEAD /file")
  }

  @Test func `the routes are listed as registered`() {
    let routes = router(Self.table).routes
    #expect(routes.map(\.method) == Self.table.map(\.0))
    #expect(routes.map(\.pattern) == Self.table.map(\.1))
  }

  @Test func `a path of very many segments is not found`() {
    let path = String(repeating: "/a", count: 10_000)
    #expect(outcome(router(Self.table), "GET", path) == "404")
  }
}

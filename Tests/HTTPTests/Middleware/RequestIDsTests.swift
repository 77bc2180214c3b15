import Testing

@testable import HTTP

struct RequestIDsTests {
  private func answer(to fields: HTTPFields, _ middleware: RequestIDs = RequestIDs()) async throws -> HTTPResponse {
    let handler = middleware.before { request in HTTPResponse(status: 200, fields: ["Seen": request.id]) }
    return try await handler(HTTPRequest(method: "GET", path: "/", fields: fields))
  }

  @Test(arguments: ["7", "a-b_c.d:e", "~!", String(repeating: "x", count: 128)])
  func `a client's own id is kept`(id: String) async throws {
    let response = try await answer(to: ["x-request-id": id])
    #expect(response.fields["X-Request-Id"] == id)
    #expect(response.fields["Seen"] == id)
  }

  @Test(arguments: ["", "a b", "é", "a\u{7F}", "a\tb", String(repeating: "x", count: 129)])
  func `an unsound id is replaced`(id: String) async throws {
    let response = try await answer(to: ["X-Request-Id": id])
    let made = try #require(response.fields["X-Request-Id"])
    #expect(made != id)
    #expect(made.utf8.count == 13)
    #expect(response.fields["Seen"] == made)
  }

  @Test func `made ids are short, plain and all different`() {
    let source = RequestIDSource(start: .max - 50_000)
    var seen: Set<String> = []
    for _ in 0..<100_000 { seen.insert(source.next()) }
    #expect(seen.count == 100_000)
    #expect(seen.allSatisfy { id in id.utf8.count == 13 && id.allSatisfy { $0.isLowercase || $0.isNumber } })
  }

  @Test func `an answer made of an error carries the id too`() async throws {
    struct Failure: Error {}
    let handler = chain([
      RequestIDs(), ErrorMapping { _, request in HTTPResponse(status: 500, body: .bytes(Array(request.id.utf8))) },
    ]) { _ in throw Failure() }
    let response = try await handler(HTTPRequest(method: "GET", path: "/", fields: ["X-Request-Id": "r1"]))
    #expect(response.status == 500)
    #expect(response.fields["X-Request-Id"] == "r1")
    guard case .bytes(let bytes) = response.body else {
      Issue.record("no body")
      return
    }
    #expect(bytes == Array("r1".utf8))
  }
}

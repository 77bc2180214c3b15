import Testing

@testable import HTTP

struct MiddlewareTests {
  private struct Mark: Middleware {
    let name: String

    func respond(to request: HTTPRequest, next: Handler) async throws -> HTTPResponse {
      var request = request
      request.fields.append("Way", name)
      var response = try await next(request)
      response.fields.append("Back", name)
      return response
    }
  }

  @Test func `the first of a chain sees the request first and the answer last`() async throws {
    let handler = chain([Mark(name: "1"), Mark(name: "2"), Mark(name: "3")]) { request in
      HTTPResponse(status: 200, fields: ["Way": request.fields.values(of: "Way").joined()])
    }
    let response = try await handler(HTTPRequest(method: "GET", path: "/"))
    #expect(response.fields["Way"] == "123")
    #expect(response.fields.values(of: "Back") == ["3", "2", "1"])
  }

  @Test func `cancellation is not made an answer`() async throws {
    let handler = ErrorMapping { _, _ in HTTPResponse(status: 500) }.before { _ in throw CancellationError() }
    await #expect(throws: CancellationError.self) { _ = try await handler(HTTPRequest(method: "GET", path: "/")) }
  }

  @Test func `other errors are mapped with their request`() async throws {
    let handler = ErrorMapping { error, request in
      HTTPResponse(status: error as? HTTPError == .peerGone ? 400 : 500, fields: ["Path": request.path])
    }.before { _ in throw HTTPError.peerGone }
    let response = try await handler(HTTPRequest(method: "GET", path: "/x"))
    #expect(response.status == 400)
    #expect(response.fields["Path"] == "/x")
  }
}

import Testing

@testable import HTTP

struct CORSTests {
  private let page = "https://chat.example.com"

  private func answer(
    _ origins: CORS.Origins, method: String = "GET", _ fields: HTTPFields, handler: HTTPFields = [:]
  ) async throws -> HTTPResponse {
    let cors = CORS(origins: origins, exposedFields: ["X-Request-Id", "X-Exchange-Id"])
    let handler = cors.before { _ in HTTPResponse(status: 200, fields: handler) }
    return try await handler(HTTPRequest(method: method, path: "/", fields: fields))
  }

  @Test func `nothing is added unless origins are named`() async throws {
    let response = try await answer(.none, ["Origin": page])
    #expect(response.fields.isEmpty)
    let preflight = try await answer(
      .none, method: "OPTIONS", ["Origin": page, "Access-Control-Request-Method": "POST"])
    #expect(preflight.status == 200, "left to the handler")
  }

  @Test func `any origin is answered with a star`() async throws {
    let response = try await answer(.any, ["Origin": page])
    #expect(response.fields["Access-Control-Allow-Origin"] == "*")
    #expect(response.fields["Access-Control-Expose-Headers"] == "X-Request-Id, X-Exchange-Id")
    #expect(response.fields["Vary"] == nil)
  }

  @Test func `a named origin is answered with itself`() async throws {
    let response = try await answer(.only([page]), ["Origin": page], handler: ["Vary": "Accept-Encoding"])
    #expect(response.fields["Access-Control-Allow-Origin"] == page)
    #expect(response.fields.values(of: "Vary") == ["Accept-Encoding, Origin"])
  }

  @Test(arguments: [
    nil, "https://evil.example.com", "https://chat.example.com.evil.com", "http://chat.example.com", "null", "",
  ])
  func `a strange origin gets no leave, and caches learn why`(origin: String?) async throws {
    let response = try await answer(.only([page]), origin.map { ["Origin": $0] } ?? [:])
    #expect(response.status == 200)
    #expect(response.fields["Access-Control-Allow-Origin"] == nil)
    #expect(response.fields["Vary"] == "Origin")
  }

  @Test func `a preflight is answered here`() async throws {
    let response = try await answer(
      .only([page]), method: "OPTIONS",
      [
        "Origin": page, "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
      ])
    #expect(response.status == 204)
    #expect(response.fields["Access-Control-Allow-Origin"] == page)
    #expect(response.fields["Access-Control-Allow-Methods"] == "GET, HEAD, POST, PUT, PATCH, DELETE")
    #expect(response.fields["Access-Control-Allow-Headers"] == "authorization, content-type")
    #expect(response.fields["Access-Control-Max-Age"] == "7200")
    #expect(response.fields["Vary"] == "Origin, Access-Control-Request-Headers")
  }

  @Test func `a preflight from a strange origin gets no leave`() async throws {
    let response = try await answer(
      .only([page]), method: "OPTIONS", ["Origin": "https://evil.example.com", "Access-Control-Request-Method": "POST"])
    #expect(response.status == 204)
    #expect(response.fields.entries.map(\.name) == ["Vary"])
  }

  @Test(arguments: ["a\"b", "a;b", "a\u{E9}"])
  func `odd header lists are not sent back`(list: String) async throws {
    let response = try await answer(
      .any, method: "OPTIONS",
      ["Origin": page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": list])
    #expect(response.fields["Access-Control-Allow-Headers"] == nil)
  }

  @Test func `an OPTIONS request that is no preflight passes`() async throws {
    let response = try await answer(.any, method: "OPTIONS", ["Origin": page])
    #expect(response.status == 200)
  }

  @Test(arguments: [
    ("", CORS.Origins.none), (" , ", .none), ("*", .any), (" * ", .any),
    ("https://a.example", .only(["https://a.example"])),
    ("https://a.example, http://localhost:3000", .only(["https://a.example", "http://localhost:3000"])),
  ])
  func `the setting is read`(setting: String, expected: CORS.Origins) throws {
    #expect(try CORS.Origins(setting: setting) == expected)
  }

  @Test(arguments: [
    "a.example", "https://a.example/", "https://a.example/path", "https://", "://a", "*, https://a.example",
    "https://*.example", "null", "https://A.example",
  ])
  func `a setting that names no origin is refused`(setting: String) {
    #expect(throws: HTTPSettingError.self) { try CORS.Origins(setting: setting) }
  }
}

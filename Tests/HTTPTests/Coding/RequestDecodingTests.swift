import Testing

@testable import HTTP

struct RequestDecodingTests {
  private func answer(_ fields: HTTPFields, _ body: [UInt8]) async throws -> (fields: HTTPFields, body: [UInt8]) {
    let handler = RequestDecoding().before { request in
      HTTPResponse(status: 200, fields: request.fields, body: .bytes(try await request.body.collect(upTo: 1 << 20)))
    }
    let response = try await handler(
      HTTPRequest(method: "POST", path: "/", fields: fields, body: RequestBody(body)))
    guard case .bytes(let bytes) = response.body else { return (response.fields, []) }
    return (response.fields, bytes)
  }

  @Test(arguments: [
    ("gzip", RequestCoding.gzip), ("x-gzip", .gzip), ("GZip", .gzip), ("zstd", .zstd), (" zstd ", .zstd),
    ("identity, gzip", .gzip),
  ])
  func `a handler reads plain bytes`(name: String, coding: RequestCoding) async throws {
    let encoded = try coding.encode([1, 2, 3])
    let answer = try await answer(
      ["Content-Type": "application/json", "Content-Encoding": name, "Content-Length": "\(encoded.count)"], encoded)
    #expect(answer.body == [1, 2, 3])
    #expect(answer.fields.entries.map(\.name) == ["Content-Type"])
  }

  @Test(arguments: [[:], ["Content-Encoding": "identity"], ["Content-Encoding": ""]] as [HTTPFields])
  func `a body without coding stays as it is`(fields: HTTPFields) async throws {
    #expect(try await answer(fields, [1, 2, 3]).body == [1, 2, 3])
  }

  @Test(arguments: [
    ("br", "br"), ("deflate", "deflate"), ("gzip, zstd", "zstd"), ("gzip, gzip", "gzip"), ("gzip;q=1", "gzip;q=1"),
    ("*", "*"),
  ])
  func `a coding that is not known is refused by name`(value: String, refused: String) async throws {
    await #expect(throws: HTTPError.unsupportedCoding(refused)) {
      _ = try await answer(["Content-Encoding": value], [1])
    }
  }

  @Test func `codings in two fields are two codings`() async throws {
    await #expect(throws: HTTPError.unsupportedCoding("gzip")) {
      _ = try await answer(["Content-Encoding": "gzip", "content-encoding": "gzip"], [1])
    }
  }
}

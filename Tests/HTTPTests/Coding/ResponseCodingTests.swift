import Testing

@testable import HTTP

@Suite struct ResponseCodingTests {
  @Test(arguments: [
    ("gzip", ResponseCoding.gzip), ("zstd", .zstd), ("gzip, zstd", .zstd), ("gzip;q=1.0, zstd;q=0.5", .gzip),
    ("br, GZIP ; q=0.2", .gzip), ("gzip;q=0", nil), ("identity", nil), ("", nil),
  ])
  func `what a client likes best is chosen`(field: String, coding: ResponseCoding?) {
    #expect(ResponseCoding(accepted: ["Accept-Encoding": field]) == coding)
  }

  @Test func `nothing is encoded for who does not ask`() {
    #expect(ResponseCoding(accepted: [:]) == nil)
  }

  @Test(arguments: [(ResponseCoding.gzip, RequestCoding.gzip), (.zstd, .zstd)])
  func `what is encoded in parts decodes to the same`(coding: ResponseCoding, back: RequestCoding) async throws {
    var sent: [UInt8] = []
    var encoded: [UInt8] = []
    let encoder = try coding.makeEncoder()
    for size in [0, 1, 70_000, 300_000, 3] {
      let part: [UInt8] = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ size) }
      sent += part
      encoded += try encoder.encode(part, isLast: false)
    }
    encoded += try encoder.encode([], isLast: true)
    let decoded = try await RequestBody(encoded).decoded(from: back).collect(upTo: 1 << 20)
    #expect(decoded == sent)
    #expect(encoded.count < sent.count)
  }
}

import HTTP
import VerbatimModel
import VerbatimStore

/// One export on its way: reads a page while the one before it is written, so that its memory is that of two pages, and
/// the reading waits for whoever takes the bytes.
struct ExportStream: Sendable {
  let store: Store
  let selection: ExportSelection
  let encoder: any ExportEncoder

  /// Answers how many exchanges were written.
  @discardableResult func run(_ write: ([UInt8]) async throws -> Void) async throws -> Int {
    var page = try await store.exportPage(selection, from: nil)
    try await write(encoder.beginning())
    var count = 0
    while true {
      let bytes = encoder.encode(page.exchanges, after: count)
      count += page.exchanges.count
      guard let place = page.next else {
        try await write(bytes + encoder.end(after: count))
        return count
      }
      async let following = store.exportPage(selection, from: place)
      if !bytes.isEmpty { try await write(bytes) }
      page = try await following
    }
  }
}

extension HTTPResponse {
  /// A whole export as it is made; what `Accept-Encoding` asks for is done on the way.
  static func export(_ stream: ExportStream, coding: ResponseCoding?, fields: HTTPFields) -> HTTPResponse {
    var fields = fields
    fields["Vary"] = "Accept-Encoding"
    if let coding { fields["Content-Encoding"] = coding.rawValue }
    return HTTPResponse(
      status: 200, fields: fields,
      body: .stream { writer in
        guard let encoder = try coding?.makeEncoder() else {
          _ = try await stream.run { try await writer.write($0) }
          return
        }
        _ = try await stream.run { part in
          let encoded = try encoder.encode(part, isLast: false)
          if !encoded.isEmpty { try await writer.write(encoded) }
        }
        try await writer.write(try encoder.encode([], isLast: true))
      })
  }
}

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
    while let place = page.next {
      async let following = store.exportPage(selection, from: place)
      count = try await send(page, after: count, write)
      page = try await following
    }
    count = try await send(page, after: count, write)
    try await write(encoder.end(after: count))
    return count
  }

  /// Answers how many exchanges were written with those of the page.
  private func send(
    _ page: ExportPage, after count: Int, _ write: ([UInt8]) async throws -> Void
  ) async throws -> Int {
    var count = count
    for piece in page.pieces {
      let bytes = encoder.encode(piece, after: count)
      count += piece.count
      if !bytes.isEmpty { try await write(bytes) }
    }
    return count
  }
}

extension ExportPage {
  /// What requests borrow is counted here for each of them, since each is written with it.
  private static let mostLent = 1 << 20

  /// Its exchanges in parts that are written at once.
  fileprivate var pieces: [[ExportedExchange]] {
    var pieces: [[ExportedExchange]] = []
    var start = exchanges.startIndex
    var lent = 0
    for (index, exported) in exchanges.enumerated() {
      lent += exported.exchange.lent.values.reduce(0) { $0 + $1.count }
      guard lent >= Self.mostLent else { continue }
      pieces.append(Array(exchanges[start...index]))
      (start, lent) = (index + 1, 0)
    }
    if start < exchanges.endIndex { pieces.append(Array(exchanges[start...])) }
    return pieces
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

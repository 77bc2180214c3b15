import VerbatimModel
import VerbatimStore

/// A day's exchanges in a file: NDJSON compressed by zstd. The first line says whose they are, the last one how many rows
/// there are and their checksum, so that a file that was cut off is noticed.
struct ArchiveFile {
  private static let format: Int64 = 1
  private static let lineLimit = 256 << 20

  let path: String

  /// The history that the exchanges were recorded in.
  struct Header {
    let history: String
    let day: String
  }

  /// Writes the day and answers what it holds.
  func write(_ day: Day, of store: Store, _ layout: ArchiveLayout, onProgress: (Int) -> Void) async throws -> Contents {
    let file = try CompressedFileWriter(path)
    try file.write(Self.header(history: try await store.identity(), day: day))
    var count = 0
    let contents = try await store.forEachExchange(of: day, layout) { exchanges in
      for exchange in exchanges { try file.write(layout.line(exchange)) }
      count += exchanges.count
      onProgress(count)
    }
    try file.write(Self.end(contents))
    try file.finish()
    return contents
  }

  /// Hands groups of exchanges to `body`; answers what the file holds. Throws for a file that is damaged, cut off, or not
  /// an archive; what came before that has been handed over.
  @discardableResult
  func read(
    _ layout: ArchiveLayout, _ body: (Header, [ArchivedExchange]) async throws -> Void
  ) async throws -> Contents {
    let file = try CompressedFileReader(path)
    var splitter = JSONStreamSplitter(.lines, maximumElementSize: Self.lineLimit)
    var header: Header?
    var group: [ArchivedExchange] = []
    var contents = Contents()
    var expected: (rows: Int64, checksum: String)?
    var isAtEnd = false
    while !isAtEnd {
      if let part = try file.next() {
        splitter.push(part)
      } else {
        splitter.finish()
        isAtEnd = true
      }
      while let event = splitter.next() {
        guard case .element(let json, _, _) = event else { throw ImportError("\(path) holds what is no JSON") }
        let line = JSONSlice(trusting: json)
        guard let known = header else {
          header = try self.header(line)
          continue
        }
        if let end = line["end"] {
          expected = (end["rows"]?.integer ?? -1, end["checksum"]?.string?.string ?? "")
          continue
        }
        let exchange = try layout.exchange(line)
        contents = contents + layout.contents(exchange)
        group.append(exchange)
        guard group.count >= 200 else { continue }
        try await body(known, group)
        group = []
      }
    }
    guard let header, let expected else { throw ImportError("\(path) is cut off") }
    if !group.isEmpty { try await body(header, group) }
    guard expected.rows == Int64(contents.rows), expected.checksum == String(contents.checksum, radix: 16) else {
      throw ImportError("\(path) is damaged: its rows do not have the checksum that it says")
    }
    return contents
  }

  private func header(_ line: JSONSlice) throws -> Header {
    guard line["verbatim_archive"]?.integer == Self.format, let history = line["history"]?.string?.string,
      let day = line["day"]?.string?.string
    else { throw ImportError("\(path) is no archive that this version knows") }
    return Header(history: history, day: day)
  }

  private static func header(history: String, day: Day) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("verbatim_archive")
    json.integer(format)
    json.key("history")
    json.string(history)
    json.key("day")
    json.string("\(day)")
    json.endObject()
    json.endLine()
    return json.bytes
  }

  private static func end(_ contents: Contents) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("end")
    json.beginObject()
    json.key("rows")
    json.integer(contents.rows)
    json.key("checksum")
    json.string(String(contents.checksum, radix: 16))
    json.endObject()
    json.endObject()
    json.endLine()
    return json.bytes
  }
}

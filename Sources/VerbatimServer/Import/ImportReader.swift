import VerbatimModel

/// Reads a file's lines, checks them, and gives those a key that have none.
struct ImportReader {
  private let input: InputFile
  private let defaults: IngestDefaults
  private let lineLimit: Int
  private let skipping: Int
  private let skippedDigest: String?
  private var splitter: JSONStreamSplitter?
  private var begun: [UInt8] = []
  private var keys = LineKeys()
  private var bytesRead = 0
  private var isFinished = false
  /// Read already, but of the next group.
  private var held: JSONStreamSplitter.Event?

  init(_ input: InputFile, defaults: IngestDefaults, lineLimit: Int, skipping: Int, skippedDigest: String?) {
    self.input = input
    self.defaults = defaults
    self.lineLimit = lineLimit
    self.skipping = skipping
    self.skippedDigest = skippedDigest
  }

  /// nil at the end of the file. A group is no larger than `size`, unless one line alone is.
  mutating func nextGroup(count: Int, size: Int) async throws -> ImportGroup? {
    var group = ImportGroup()
    var last: (line: Int, json: Bytes)?
    while group.count < count, group.size < size, let event = try await nextEvent() {
      switch event {
      case .element(let json, _, _) where group.size > 0 && group.size + json.count > size:
        held = event
      case .element(let json, let index, let line):
        let number = line ?? index + 1
        try take(json, number, into: &group)
        last = (number, json)
      case .oversized(let index, let line):
        let reason = "longer than \(lineLimit) bytes"
        group.bad.append(.init(number: line ?? index + 1, code: "invalid_value", detail: reason))
      case .malformed(let offset, let reason):
        group.bad.append(
          .init(number: 0, code: "invalid_json", detail: "the file stops being JSON at byte \(offset): \(reason)"))
      }
      if held != nil { break }
    }
    guard group.count + group.skipped > 0 else { return nil }
    group.bytesRead = bytesRead
    if let last, let digest = SHA256.hex(last.json) { group.position = (last.line, digest) }
    return group
  }

  private mutating func take(_ json: Bytes, _ number: Int, into group: inout ImportGroup) throws {
    // Where an export ends, also in the middle of several that were put together.
    if json.starts(with: LineEncoder.endMark) { return }
    group.size += json.count
    do throws(InvalidExchange) {
      var exchange = try ExchangeBody.parse(json, kind: .insert, defaults: defaults)
      exchange.source = "import"
      var json = json
      // A failed exchange claims nothing with its client_message_id.
      if exchange.idempotencyKey == nil, exchange.clientMessageID == nil || exchange.failure != nil {
        let key = try key(of: json)
        exchange.idempotencyKey = key
        json = Self.adding(key, to: json)
      }
      if number <= skipping {
        group.skipped += 1
      } else {
        group.lines.append(ImportLine(number: number, exchange: exchange, json: json))
      }
    } catch {
      if number <= skipping {
        group.skipped += 1
      } else {
        group.bad.append(.init(number: number, code: APIError(error).code, detail: error.description))
      }
    }
    if number == skipping, let skippedDigest, SHA256.hex(json) != skippedDigest {
      throw ImportError("\(input.name) has changed since the import that --resume would go on with; import without it")
    }
  }

  private mutating func key(of json: Bytes) throws(InvalidExchange) -> String {
    do throws(ImportError) {
      return try keys.key(of: json)
    } catch {
      throw .invalid(field: "idempotency_key", reason: error.description)
    }
  }

  /// Puts the key last, where it wins over a null of the same name.
  private static func adding(_ key: String, to json: Bytes) -> Bytes {
    guard let end = json.lastIndex(of: UInt8(ascii: "}")) else { return json }
    return json[..<end] + Array(",\"idempotency_key\":\"\(key)\"}".utf8)
  }

  private mutating func nextEvent() async throws -> JSONStreamSplitter.Event? {
    if let event = held {
      held = nil
      return event
    }
    while true {
      if let event = splitter?.next() { return event }
      guard !isFinished else { return nil }
      guard let part = try await input.next() else {
        isFinished = true
        splitter?.finish()
        continue
      }
      bytesRead += part.count
      guard splitter == nil else {
        splitter?.push(part)
        continue
      }
      begun += part
      guard let format = JSONStreamSplitter.Format(ofBodyBeginning: begun) else { continue }
      splitter = JSONStreamSplitter(format, maximumElementSize: lineLimit)
      splitter?.push(begun)
      begun = []
    }
  }
}

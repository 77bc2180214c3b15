import Providers
import VerbatimModel

/// Reads a file's lines, checks them, and gives those a key that have none.
struct ImportReader {
  private let input: InputFile
  private let form: ImportForm
  private let defaults: IngestDefaults
  private let lineLimit: Int
  private let skipping: Int
  private let skippedDigest: String?
  private var splitter: JSONStreamSplitter?
  private var begun: [UInt8] = []
  private var keys = LineKeys()
  /// Of the first line that an export wrote.
  private var account: String?
  /// Known when the first element is.
  private var format: ImportFormat?
  /// nil where the file holds exchanges already.
  private var foreign: ForeignElements?
  private var bytesRead = 0
  private var isFinished = false
  /// Read already, but of the next group.
  private var held: JSONStreamSplitter.Event?

  init(
    _ input: InputFile, form: ImportForm, defaults: IngestDefaults, lineLimit: Int, skipping: Int,
    skippedDigest: String?
  ) {
    self.input = input
    self.form = form
    self.defaults = defaults
    self.lineLimit = lineLimit
    self.skipping = skipping
    self.skippedDigest = skippedDigest
  }

  /// Whether the file holds what another program exported.
  var isForeign: Bool { foreign != nil }

  /// nil at the end of the file. A group is no larger than `size`, unless one line alone is; an element of another
  /// program's may give more exchanges than `count`.
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
    if isFinished, held == nil { group.bad += foreign?.leftovers() ?? [] }
    guard group.count + group.skipped > 0 || last != nil else { return nil }
    group.bytesRead = bytesRead
    if let last, let digest = SHA256.hex(last.json) { group.position = (last.line, digest) }
    return group
  }

  private mutating func take(_ json: Bytes, _ number: Int, into group: inout ImportGroup) throws {
    // Where an export ends, also in the middle of several that were put together.
    if json.starts(with: LineEncoder.endMark) { return }
    group.size += json.count
    if format == nil { try begin(with: json) }
    let results = try foreign?.lines(of: json, number: number) ?? [line(of: json, number)]
    for result in results {
      if number <= skipping {
        group.skipped += 1
        continue
      }
      switch result {
      case .success(let line): group.lines.append(line)
      case .failure(let error):
        group.bad.append(.init(number: number, code: APIError(error).code, detail: error.description))
      }
    }
    if number == skipping, let skippedDigest, SHA256.hex(json) != skippedDigest {
      throw ImportError("\(input.name) has changed since the import that --resume would go on with; import without it")
    }
  }

  private mutating func begin(with json: Bytes) throws(ImportError) {
    let first = try? JSONSlice(checking: json)
    let format = form.format ?? first.map(ImportFormat.init(ofFirst:)) ?? .exchanges
    self.format = format
    foreign = try ForeignElements(format, form, defaults: defaults)
  }

  private mutating func line(of json: Bytes, _ number: Int) throws -> Result<ImportLine, InvalidExchange> {
    do throws(InvalidExchange) {
      var exchange = try ExchangeBody.parse(json, kind: .insert, defaults: defaults)
      exchange.source = "import"
      try checkAccount(of: exchange)
      var json = json
      // A failed exchange claims nothing with its client_message_id.
      if exchange.idempotencyKey == nil, exchange.clientMessageID == nil || exchange.failure != nil {
        let key = try key(of: json)
        exchange.idempotencyKey = key
        json = ImportLine.adding(key, to: json)
      }
      return .success(ImportLine(number: number, exchange: exchange, json: json))
    } catch {
      return .failure(error)
    }
  }

  /// Everything goes to one account, so what was exported of several would become one's.
  private mutating func checkAccount(of exchange: NewExchange) throws(InvalidExchange) {
    guard let named = exchange.exported?.account else { return }
    let first = account ?? named
    account = first
    guard named.utf8.elementsEqual(first.utf8) else {
      throw .invalid(
        field: "exported.account_id", reason: "names another account than the first line; export and import each alone")
    }
  }

  private mutating func key(of json: Bytes) throws(InvalidExchange) -> String {
    do throws(ImportError) {
      return try keys.key(of: json)
    } catch {
      throw .invalid(field: "idempotency_key", reason: error.description)
    }
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

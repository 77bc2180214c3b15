import VerbatimModel
import VerbatimStore

/// The forms that an export comes in.
enum ExportFormat: String, Sendable, CaseIterable {
  case json, csv, ndjson, markdown, openai

  var contentType: String {
    switch self {
    case .json: "application/json"
    case .csv: "text/csv; charset=utf-8; header=present"
    case .ndjson, .openai: "application/x-ndjson"
    case .markdown: "text/markdown; charset=utf-8"
    }
  }

  var fileExtension: String {
    switch self {
    case .json: "json"
    case .csv: "csv"
    case .ndjson: "ndjson"
    case .markdown: "md"
    case .openai: "jsonl"
    }
  }

  /// `marksBytes`: begin CSV with a byte order mark, without which Excel takes it for another encoding. `namesAccounts`:
  /// whether exchanges are of several; CSV and NDJSON always say of which.
  func encoder(cursor: String, marksBytes: Bool, namesAccounts: Bool) -> any ExportEncoder {
    switch self {
    case .json: PageEncoder(cursor: cursor, namesAccounts: namesAccounts)
    case .csv: TableEncoder(marksBytes: marksBytes)
    case .ndjson: LineEncoder(cursor: cursor)
    case .markdown: MarkdownEncoder(namesAccounts: namesAccounts)
    case .openai: TuningEncoder()
    }
  }
}

/// Writes exchanges in one form, page by page; what it writes depends on nothing but its arguments, so that an export
/// can go on anywhere between two pages.
protocol ExportEncoder: Sendable {
  func beginning() -> [UInt8]
  /// `count`: how many were written before.
  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8]
  func end(after count: Int) -> [UInt8]
}

extension ExportEncoder {
  func beginning() -> [UInt8] { [] }
  func end(after count: Int) -> [UInt8] { [] }

  /// Room for a page, so that it is not copied as it grows.
  static func writer(for exchanges: [ExportedExchange]) -> JSONWriter {
    JSONWriter(reservingCapacity: exchanges.reduce(1024) { $0 + $1.exchange.textSize * 9 / 8 + 768 })
  }
}

extension StoredExchange {
  fileprivate var textSize: Int {
    func size(_ message: Message) -> Int {
      (message.raw?.count ?? message.content?.count ?? 0) + (message.toolCalls?.count ?? 0) + 64
    }
    return messages.reduce(0) { $0 + size($1) } + choices.reduce(0) { $0 + size($1) } + texts.byteCount
      + (request?.count ?? 0)
  }
}

import VerbatimModel
import VerbatimStore

/// CSV (RFC 4180): a header, CRLF, fields quoted where they must be.
///
/// A text that a spreadsheet would take for a formula gets an apostrophe before it, which such a program does not show.
struct TableEncoder: ExportEncoder {
  private static let columns = [
    "id", "conversation_id", "account_id", "app_id", "user_id", "client_message_id", "created_at", "model_provider",
    "model_id", "status", "query", "answer", "error_code", "error_message", "finish_reason", "prompt_tokens",
    "completion_tokens", "total_tokens", "total_price", "currency", "latency",
  ]
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  let marksBytes: Bool

  func beginning() -> [UInt8] {
    (marksBytes ? Self.byteOrderMark : []) + Array((Self.columns.joined(separator: ",") + "\r\n").utf8)
  }

  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var row = TableRow()
    for exported in exchanges { Self.add(exported, to: &row) }
    return row.bytes
  }

  private static func add(_ exported: ExportedExchange, to row: inout TableRow) {
    let exchange = exported.exchange
    row.add(plain: exchange.id.description)
    row.add(exchange.texts[.conversationID])
    row.add(Bytes(utf8: exported.account))
    row.add(exchange.texts[.appID])
    row.add(exchange.texts[.userID])
    row.add(exchange.texts[.clientMessageID])
    row.add(plain: Timestamp.text(exchange.createdAt))
    row.add(exchange.texts[.modelProvider])
    row.add(exchange.texts[.modelName])
    row.add(plain: exchange.failure != nil ? "error" : exchange.choices.isEmpty ? "unanswered" : "normal")
    row.add(exchange.messages.last { $0.role == "user" }?.content)
    row.add(exchange.choices.first?.content)
    row.add(exchange.failure.map { Bytes(utf8: $0.code) })
    row.add(exchange.failure.map { Bytes(utf8: $0.message) })
    row.add(exchange.texts[.finishReason])
    row.add(plain: exchange.promptTokens.map { "\($0)" })
    row.add(plain: exchange.completionTokens.map { "\($0)" })
    row.add(plain: exchange.totalTokens.map { "\($0)" })
    row.add(plain: exchange.totalPrice.map { "\(Double($0) / 1_000_000)" })
    row.add(exchange.texts[.currency])
    row.add(plain: exchange.latency.map { "\($0 / .seconds(1))" })
    row.end()
  }
}

/// Rows of CSV.
struct TableRow {
  private(set) var bytes: [UInt8] = []
  private var isFirst = true

  /// Text of people: quoted where it must be, defused where it begins like a formula.
  mutating func add(_ text: Bytes?) {
    separate()
    guard let text, let first = text.first else { return }
    let isFormula =
      Self.formulaBeginnings.contains(first) || first == 0xEF && Self.wideBeginnings.contains(Array(text.prefix(3)))
    let mustQuote = text.contains { Self.quotedBytes.contains($0) }
    if mustQuote { bytes.append(0x22) }
    if isFormula { bytes.append(UInt8(ascii: "'")) }
    if mustQuote {
      for byte in text {
        if byte == 0x22 { bytes.append(0x22) }
        bytes.append(byte)
      }
      bytes.append(0x22)
    } else {
      bytes += text
    }
  }

  /// What was made here and needs no quotes.
  mutating func add(plain text: String?) {
    separate()
    if let text { bytes += text.utf8 }
  }

  mutating func end() {
    bytes += [0x0D, 0x0A]
    isFirst = true
  }

  private mutating func separate() {
    if !isFirst { bytes.append(0x2C) }
    isFirst = false
  }

  /// `"`, comma, LF and CR; also semicolon and tab, which spreadsheets of some countries separate by.
  private static let quotedBytes: Set<UInt8> = [0x22, 0x2C, 0x0A, 0x0D, 0x3B, 0x09]

  /// `=`, `+`, `-`, `@`, tab, LF and CR (OWASP, “CSV Injection”).
  private static let formulaBeginnings: Set<UInt8> = [0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0A, 0x0D]

  /// The full-width forms of the first four, which some spreadsheets take for them.
  private static let wideBeginnings: Set<[UInt8]> = Set(["＝", "＋", "－", "＠"].map { Array($0.utf8) })
}

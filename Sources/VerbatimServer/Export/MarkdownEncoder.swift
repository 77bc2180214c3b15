import VerbatimModel
import VerbatimStore

/// For reading: a heading an exchange, what was said as quotations, so that no message can pass for a heading.
struct MarkdownEncoder: ExportEncoder {
  /// Whether it says whose exchanges are.
  let namesAccounts: Bool

  func beginning() -> [UInt8] { Array("# Conversations\n".utf8) }

  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var text: [UInt8] = []
    for exported in exchanges { add(exported, to: &text) }
    return text
  }

  private func add(_ exported: ExportedExchange, to text: inout [UInt8]) {
    let exchange = exported.exchange
    text += "\n## \(Timestamp.text(exchange.createdAt))\n\n".utf8
    if namesAccounts { text += "Account \(Self.code(exported.account)), ".utf8 }
    text += "\(namesAccounts ? "c" : "C")onversation \(Self.code(exchange.conversationID)), ".utf8
    text += "app \(Self.code(exchange.appID)), user \(Self.code(exchange.userID)), ".utf8
    text += "model \(Self.code(exchange.modelName))\n".utf8
    for message in exchange.messages { Self.add(message, to: &text) }
    for choice in exchange.choices { Self.add(choice, to: &text) }
    guard let failure = exchange.failure else { return }
    text += "\n**error \(Self.code(failure.code))**\n\n".utf8
    Self.quote(Bytes(utf8: failure.message), to: &text)
  }

  private static func add(_ message: Message, to text: inout [UInt8]) {
    text += "\n**\(message.role)**\n\n".utf8
    if let content = message.content, message.contentKind != .none { quote(content, to: &text) }
    if let calls = message.toolCalls { quote(calls, to: &text) }
  }

  /// A line ends with LF, CR or both (CommonMark, section 2.1); each begins as a quotation, or it would be none.
  private static func quote(_ content: Bytes, to text: inout [UInt8]) {
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    text += "> ".utf8
    var last: UInt8 = 0
    for byte in content {
      if byte == lineFeed || byte == carriageReturn {
        if byte != lineFeed || last != carriageReturn { text += "\n> ".utf8 }
      } else {
        text.append(byte)
      }
      last = byte
    }
    text.append(lineFeed)
  }

  /// On one line, without what would end it.
  private static func code(_ text: String) -> String {
    "`" + String(text.map { $0 == "`" || $0.isNewline ? " " : $0 }) + "`"
  }
}

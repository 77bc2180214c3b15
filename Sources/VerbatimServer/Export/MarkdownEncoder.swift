import VerbatimModel
import VerbatimStore

/// For reading: a heading an exchange, what was said as quotations, so that no message can pass for a heading.
struct MarkdownEncoder: ExportEncoder {
  func beginning() -> [UInt8] { Array("# Conversations\n".utf8) }

  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var text: [UInt8] = []
    for exported in exchanges { Self.add(exported.exchange, to: &text) }
    return text
  }

  private static func add(_ exchange: StoredExchange, to text: inout [UInt8]) {
    text += "\n## \(Timestamp.text(exchange.createdAt))\n\n".utf8
    text += "Conversation \(code(exchange.conversationID)), app \(code(exchange.appID)), ".utf8
    text += "user \(code(exchange.userID)), model \(code(exchange.modelName))\n".utf8
    for message in exchange.messages { add(message, to: &text) }
    for choice in exchange.choices { add(choice, to: &text) }
    guard let failure = exchange.failure else { return }
    text += "\n**error \(code(failure.code))**\n\n".utf8
    quote(Bytes(utf8: failure.message), to: &text)
  }

  private static func add(_ message: Message, to text: inout [UInt8]) {
    text += "\n**\(message.role)**\n\n".utf8
    if let content = message.content, message.contentKind != .none { quote(content, to: &text) }
    if let calls = message.toolCalls { quote(calls, to: &text) }
  }

  private static func quote(_ content: Bytes, to text: inout [UInt8]) {
    for line in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      text += "> ".utf8
      text += line
      text.append(UInt8(ascii: "\n"))
    }
  }

  /// On one line, without what would end it.
  private static func code(_ text: String) -> String {
    "`" + String(text.map { $0 == "`" || $0.isNewline ? " " : $0 }) + "`"
  }
}

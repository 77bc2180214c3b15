import VerbatimModel
import VerbatimStore

/// One exchange a line, as `verbatim import` and `POST /api/chat/insert` take it, and a last line that says that the
/// export is whole: `{"end_of_export":{"cursor":"42","exchanges":7}}`.
struct LineEncoder: ExportEncoder {
  /// What that line begins with.
  static let endMark = Array(#"{"end_of_export":"#.utf8)

  let cursor: String

  func encode(_ exchanges: [ExportedExchange], after count: Int) -> [UInt8] {
    var json = Self.writer(for: exchanges)
    for exported in exchanges {
      json.body(of: exported)
      json.endLine()
    }
    return json.bytes
  }

  func end(after count: Int) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("end_of_export")
    json.beginObject()
    json.key("cursor")
    json.string(cursor)
    json.key("exchanges")
    json.integer(count)
    json.endObject()
    json.endObject()
    json.endLine()
    return json.bytes
  }
}

extension JSONWriter {
  /// An exchange as a body that records it again.
  fileprivate mutating func body(of exported: ExportedExchange) {
    let exchange = exported.exchange
    beginObject()
    field("app_id", .appID, of: exchange)
    field("user_id", .userID, of: exchange)
    field("conversation_id", .conversationID, of: exchange)
    if exported.hasNameForBody {
      key("conversation_name")
      string(exported.conversationName)
    }
    field("client_message_id", .clientMessageID, of: exchange)
    field("model_provider", .modelProvider, of: exchange)
    field("model_id", .modelName, of: exchange)
    key("created_at")
    timestamp(exchange.createdAt)
    said(exchange)
    if !exchange.attachments.isEmpty {
      key("files")
      beginArray()
      for stored in exchange.attachments { file(stored.attachment) }
      endArray()
    }
    rawField("inputs", exchange.inputs)
    rawField("metadata", exchange.metadata)
    rawField("usage", exchange.usage)
    field("finish_reason", .finishReason, of: exchange)
    field("system_fingerprint", .systemFingerprint, of: exchange)
    key("exported")
    details(of: exchange, account: exported.account)
    endObject()
  }

  private mutating func said(_ exchange: StoredExchange) {
    if exchange.messages.count == 1, let text = exchange.messages[0].plainText(of: "user") {
      key("query")
      string(text)
    } else {
      key("messages")
      beginArray()
      for message in exchange.messages { self.message(message) }
      endArray()
    }
    if let failure = exchange.failure {
      key("error")
      beginObject()
      key("code")
      string(failure.code)
      key("message")
      string(failure.message)
      endObject()
    } else if let text = exchange.plainAnswer {
      key("answer")
      string(text)
    }
  }

  /// What a body has no field for.
  private mutating func details(of exchange: StoredExchange, account: String) {
    beginObject()
    key("account_id")
    string(account)
    key("id")
    uuid(exchange.id)
    if exchange.plainAnswer == nil, exchange.failure == nil || !exchange.choices.isEmpty {
      key("choices")
      beginArray()
      for message in exchange.choices { self.message(message) }
      endArray()
    }
    rawField("request", exchange.wholeRequest)
    field("response_id", .responseID, of: exchange)
    if exchange.isStream { rawField("stream", Bytes(utf8: "true")) }
    integerField("latency", exchange.latency.map(\.milliseconds))
    integerField("first_token_latency", exchange.firstTokenLatency.map(\.milliseconds))
    integerField("total_price", exchange.totalPrice)
    field("currency", .currency, of: exchange)
    integerField("prompt_tokens", exchange.promptTokens)
    integerField("completion_tokens", exchange.completionTokens)
    integerField("total_tokens", exchange.totalTokens)
    endObject()
  }

  private mutating func file(_ file: Attachment) {
    beginObject()
    key("type")
    string(file.kind.rawValue)
    key("transfer_method")
    string(file.transferMethod.rawValue)
    key("url")
    string(file.url)
    key("belongs_to")
    string(file.belongsTo.rawValue)
    textField("upload_file_id", file.uploadFileID)
    textField("file_name", file.fileName)
    integerField("file_size", file.fileSize)
    textField("mime_type", file.mimeType)
    rawField("metadata", file.metadata)
    endObject()
  }

  // Absent fields are left out.

  private mutating func field(_ name: StaticString, _ column: ExchangeTexts.Column, of exchange: StoredExchange) {
    guard exchange.texts[column] != nil else { return }
    key(name)
    string(column, of: exchange.texts)
  }

  private mutating func rawField(_ name: StaticString, _ json: Bytes?) {
    guard let json else { return }
    key(name)
    raw(json)
  }

  private mutating func integerField(_ name: StaticString, _ value: Int64?) {
    guard let value else { return }
    key(name)
    integer(value)
  }

  private mutating func textField(_ name: StaticString, _ text: String?) {
    guard let text else { return }
    key(name)
    string(text)
  }
}

extension ExportedExchange {
  /// Whether a body may name its conversation so; else it is called by its first question again.
  fileprivate var hasNameForBody: Bool {
    let scalars = conversationName.unicodeScalars
    return !scalars.isEmpty && scalars.count <= IngestLimits.name && !scalars.contains("\0")
  }
}

extension StoredExchange {
  /// The answer where it is one text and nothing else; else it stands in the details.
  fileprivate var plainAnswer: Bytes? {
    choices.count == 1 && failure == nil ? choices[0].plainText(of: "assistant") : nil
  }
}

extension Message {
  /// The text of a message that says nothing else.
  fileprivate func plainText(of role: String) -> Bytes? {
    guard self.role == role, contentKind == .text, raw == nil, name == nil, toolCalls == nil, toolCallID == nil,
      let content, !content.isEmpty
    else { return nil }
    return content
  }
}

extension Duration {
  /// Whole ones, as they are stored.
  fileprivate var milliseconds: Int64 { Int64((self / .milliseconds(1)).rounded()) }
}

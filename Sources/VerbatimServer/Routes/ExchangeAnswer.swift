import VerbatimModel

extension JSONWriter {
  /// An exchange as Dify pages them, with `messages` and `choices` where a question and an answer do not say it all.
  /// `account`: nil where it is not to be named.
  mutating func exchange(_ exchange: StoredExchange, account: String? = nil) {
    beginObject()
    if let account {
      key("account_id")
      string(account)
    }
    key("id")
    uuid(exchange.id)
    key("conversation_id")
    string(.conversationID, of: exchange.texts)
    key("app_id")
    string(.appID, of: exchange.texts)
    key("user_id")
    string(.userID, of: exchange.texts)
    key("query")
    text(of: exchange.messages, at: exchange.messages.lastIndex { $0.role == "user" })
    key("answer")
    text(of: exchange.choices, at: exchange.choices.indices.first)
    key("inputs")
    raw(.inputs, of: exchange.texts, else: "{}")
    attachments(exchange.attachments)
    key("model_provider")
    string(.modelProvider, of: exchange.texts)
    key("model_id")
    string(.modelName, of: exchange.texts)
    key("client_message_id")
    string(.clientMessageID, of: exchange.texts)
    outcome(of: exchange)
    key("metadata")
    raw(.metadata, of: exchange.texts, else: "{}")
    key("created_at")
    timestamp(exchange.createdAt)
    key("recorded_at")
    timestamp(exchange.recordedAt)
    let kept = exchange.keptRequest
    if kept?.clientHasGone == true {
      key("interrupted_by")
      string("client")
    }
    key("extra")
    raw(orNull: extra(of: exchange, kept))
    if !exchange.isQueryAndAnswer { conversationItems(of: exchange) }
    endObject()
  }

  /// What its body said beside what has names here.
  private func extra(of exchange: StoredExchange, _ kept: KeptRequest?) -> Bytes? {
    guard let kept else { return exchange.request.map(KeptRequest.foreign(stored:)) }
    guard kept.isQuestion, let question = exchange.messages.first else { return kept.body }
    return kept.body(question: question)
  }

  /// How it ended, and what it cost.
  private mutating func outcome(of exchange: StoredExchange) {
    key("status")
    raw(exchange.failure == nil ? #""normal""# : #""error""#)
    key("error")
    if let failure = exchange.failure {
      beginObject()
      key("code")
      string(failure.code)
      key("message")
      string(failure.message)
      endObject()
    } else {
      null()
    }
    key("finish_reason")
    string(.finishReason, of: exchange.texts)
    key("usage")
    usage(of: exchange)
    key("latency")
    if let latency = exchange.latency { double(latency / .seconds(1)) } else { null() }
    key("total_price")
    if let price = exchange.totalPrice { millionths(price) } else { null() }
    key("currency")
    string(.currency, of: exchange.texts)
    key("system_fingerprint")
    string(.systemFingerprint, of: exchange.texts)
    key("response_id")
    string(.responseID, of: exchange.texts)
    key("token_id")
    integer(orNull: exchange.tokenID)
    key("token_name")
    string(.tokenName, of: exchange.texts)
    key("ip")
    string(.ip, of: exchange.texts)
  }

  /// As the provider sent it, else what is known of the tokens.
  private mutating func usage(of exchange: StoredExchange) {
    if let usage = exchange.usage { return raw(usage) }
    guard exchange.promptTokens != nil || exchange.completionTokens != nil || exchange.totalTokens != nil else {
      return null()
    }
    beginObject()
    key("prompt_tokens")
    integer(orNull: exchange.promptTokens)
    key("completion_tokens")
    integer(orNull: exchange.completionTokens)
    key("total_tokens")
    integer(orNull: exchange.totalTokens)
    endObject()
  }

  private mutating func conversationItems(of exchange: StoredExchange) {
    key("messages")
    beginArray()
    let messages = exchange.messages.span
    for index in messages.indices { message(messages[index]) }
    endArray()
    key("choices")
    beginArray()
    let choices = exchange.choices.span
    for index in choices.indices {
      beginObject()
      key("index")
      integer(index)
      key("message")
      message(choices[index])
      endObject()
    }
    endArray()
  }

  /// A message's text as a JSON string, the very one that came in where the text cannot hold it exactly.
  private mutating func text(of messages: [Message], at index: Int?) {
    guard let index else { return raw(#""""#) }
    if let raw = messages[index].raw, let content = JSONSlice(trusting: raw)["content"], content.kind == .string {
      self.raw(content.bytes)
    } else {
      string(messages[index].content ?? [])
    }
  }

  private mutating func attachments(_ attachments: [StoredAttachment]) {
    key("message_files")
    beginArray()
    for stored in attachments { attachment(stored) }
    endArray()
  }

  /// `exchange`: whose it is, where that is to be told.
  mutating func attachment(_ stored: StoredAttachment, of exchange: UUIDv7? = nil) {
    let file = stored.attachment
    beginObject()
    key("id")
    uuid(stored.id)
    if let exchange {
      key("message_id")
      uuid(exchange)
    }
    key("type")
    string(file.kind.rawValue)
    key("transfer_method")
    string(file.transferMethod.rawValue)
    key("url")
    string(file.url)
    key("belongs_to")
    string(file.belongsTo.rawValue)
    key("upload_file_id")
    string(orNull: file.uploadFileID)
    key("file_name")
    string(orNull: file.fileName)
    key("file_size")
    integer(orNull: file.fileSize)
    key("mime_type")
    string(orNull: file.mimeType)
    key("metadata")
    raw(orNull: file.metadata)
    endObject()
  }
}

extension StoredExchange {
  /// Whether `query` and `answer` give back all that was said: one user's text and at most one assistant's.
  fileprivate var isQueryAndAnswer: Bool {
    guard messages.count == 1, choices.count <= 1, messages[0].isPlainText(of: "user") else { return false }
    return choices.isEmpty || choices[0].isPlainText(of: "assistant")
  }
}

extension Message {
  /// A text that was kept raw, for what its columns cannot hold, is still plain when nothing stands beside it.
  fileprivate func isPlainText(of role: String) -> Bool {
    guard self.role == role, contentKind == .text, name == nil, toolCalls == nil, toolCallID == nil else {
      return false
    }
    guard let raw else { return true }
    return JSONSlice(trusting: raw).fields.reduce(0) { count, _ in count + 1 } == 2
  }
}

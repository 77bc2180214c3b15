extension Redactor {
  /// The exchange without sensitive values in what was said or attached. What names things stays: account, app, user,
  /// conversation, keys of idempotency, model and provider, ids and codes that a provider gave, types of files, and usage.
  package func redacted(_ exchange: NewExchange) -> NewExchange {
    var redacted = exchange
    for index in redacted.messages.indices { redact(&redacted.messages[index]) }
    for index in redacted.choices.indices { redact(&redacted.choices[index]) }
    for index in redacted.attachments.indices { redact(&redacted.attachments[index]) }
    if let message = exchange.failure?.message { redacted.failure?.message = text(message) }
    redacted.conversationName = exchange.conversationName.map(name)
    redacted.request = exchange.request.map(json)
    redacted.inputs = exchange.inputs.map(json)
    redacted.metadata = exchange.metadata.map(json)
    redacted.ip = exchange.ip.map { short($0, IngestLimits.address) }
    return redacted
  }

  /// Where `raw` changes, `content` and the other columns follow from it, so that both say the same.
  private func redact(_ message: inout Message) {
    if let changed = message.raw.flatMap(changed(json:)) {
      if let redacted = Message(json: JSONSlice(trusting: changed)) {
        message = redacted
      } else {
        message.raw = changed
      }
    }
    message.content = message.content.map(text)
    message.toolCalls = message.toolCalls.map(json)
    message.name = message.name.map { short($0, IngestLimits.name) }
  }

  private func redact(_ attachment: inout Attachment) {
    attachment.url = short(attachment.url, IngestLimits.url)
    attachment.fileName = attachment.fileName.map { short($0, IngestLimits.name) }
    attachment.uploadFileID = attachment.uploadFileID.map { short($0, IngestLimits.uploadFileID) }
    attachment.metadata = attachment.metadata.map(json)
  }

  /// The name of a conversation, no longer than one may be.
  package func name(_ name: String) -> String { short(name, IngestLimits.name) }

  /// A mark may be longer than what it stands for, and columns have limits.
  private func short(_ value: String, _ limit: Int) -> String {
    String(String.UnicodeScalarView(text(value).unicodeScalars.prefix(limit)))
  }
}

import VerbatimModel

extension ContentKeys {
  /// The exchange as its rows hold it, whose ids follow `firstID`; `own`: that of the row that carries it.
  func stored(_ exchange: NewExchange, firstID: UUIDv7, own: UUIDv7) -> NewExchange {
    guard current != nil || hasMarkedText(exchange) else { return exchange }
    var stored = exchange
    let isFailure = exchange.failure != nil
    for index in stored.messages.indices {
      seal(&stored.messages[index], of: isFailure ? own : firstID.adding(UInt64(index)))
    }
    for index in stored.choices.indices { seal(&stored.choices[index], of: own.adding(UInt64(index))) }
    stored.request = exchange.request.map { sealed($0, of: own, .request) }
    stored.inputs = exchange.inputs.map { sealed($0, of: own, .inputs) }
    stored.metadata = exchange.metadata.map { sealed($0, of: own, .other) }
    if let message = exchange.failure?.message {
      stored.failure?.message = sealed(Bytes(utf8: message), of: own, .errorMessage).string
    }
    guard current != nil else { return stored }
    for index in stored.attachments.indices {
      stored.attachments[index] = self.stored(
        stored.attachments[index], of: PendingExchange.attachmentID(index, of: exchange, firstID: firstID))
    }
    return stored
  }

  /// Of what is no JSON, which cannot begin with the mark.
  private func hasMarkedText(_ exchange: NewExchange) -> Bool {
    let isMarked: (Message) -> Bool = { message in
      message.content.map(Self.isMarked) ?? false || message.name.map(Self.isMarked) ?? false
    }
    return exchange.messages.contains(where: isMarked) || exchange.choices.contains(where: isMarked)
      || exchange.failure.map { Self.isMarked(Bytes(utf8: $0.message)) } ?? false
  }

  private func seal(_ message: inout Message, of row: UUIDv7) {
    message.name = message.name.map { sealed(Bytes(utf8: $0), of: row, .name).string }
    message.content = message.content.map { sealed($0, of: row, .content) }
    message.raw = message.raw.map { sealed($0, of: row, .raw) }
    message.toolCalls = message.toolCalls.map { sealed($0, of: row, .toolCalls) }
  }

  /// URL and name go with the metadata, whose column has room for them.
  func stored(_ attachment: Attachment, of row: UUIDv7) -> Attachment {
    guard current != nil else { return attachment }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("url")
    writer.string(attachment.url)
    writer.key("file_name")
    writer.string(orNull: attachment.fileName)
    writer.key("metadata")
    writer.raw(orNull: attachment.metadata)
    writer.endObject()
    var stored = attachment
    stored.metadata = sealed(writer.bytes[...], of: row, .file)
    stored.url = ""
    stored.fileName = nil
    return stored
  }

  func opened(_ attachment: Attachment, of row: UUIDv7) throws(StoreError) -> Attachment {
    guard let stored = attachment.metadata, Self.isSealed(stored) else { return attachment }
    let fields = JSONSlice(trusting: try opened(stored, of: row, .file))
    var opened = attachment
    opened.url = fields["url"]?.string?.string ?? ""
    opened.fileName = fields["file_name"]?.string?.string
    opened.metadata = fields["metadata"].flatMap { $0.isNull ? nil : $0.bytes }
    return opened
  }
}

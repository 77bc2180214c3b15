import VerbatimModel

/// An exchange as the journal keeps it: everything that `append` was given, with the ids it was promised.
extension PendingExchange {
  /// Stands first, so that a later version knows how to read what follows.
  private static let format: UInt8 = 1

  /// Of the last field, which is empty: without it the entry is cut off.
  private static let end: UInt8 = 0xFF

  /// Never given to another field: journals outlive versions.
  private enum Tag: UInt8 {
    case accountID = 1
    case firstID, recordedAt, currency, appID, userID, conversationID, clientMessageID, idempotencyKey
    case modelProvider, modelName, message, choice, failureCode, failureMessage, attachment
    case request, inputs, metadata, usage, promptTokens, completionTokens, totalTokens, totalPrice
    case finishReason, systemFingerprint, responseID, isStream, latency, firstTokenLatency, ip, source
    case tokenID, channelID, ownership
    /// Of sealed exchanges alone.
    case conversationName, failedRequest
    case tokenName
    /// As it was given; never sealed.
    case givenName
    /// Of exchanges that belong to a thread.
    case parentID, head
  }

  func journalEntry() -> [UInt8] {
    var fields = TaggedFields()
    func add(_ tag: Tag, text: String?) { fields.add(tag.rawValue, text: text) }
    func add(_ tag: Tag, bytes: Bytes?) { fields.add(tag.rawValue, bytes: bytes) }
    func add(_ tag: Tag, integer: Int64?) { fields.add(tag.rawValue, integer: integer) }
    let exchange: NewExchange = isSealed ? stored : exchange
    add(.accountID, text: accountID)
    add(.firstID, bytes: firstID.bytes[...])
    add(.recordedAt, integer: recordedAt)
    add(.currency, text: currency)
    add(.appID, text: exchange.appID)
    add(.userID, text: exchange.userID)
    add(.conversationID, text: exchange.conversationID)
    add(.clientMessageID, text: exchange.clientMessageID)
    add(.idempotencyKey, text: exchange.idempotencyKey)
    add(.modelProvider, text: exchange.modelProvider)
    add(.modelName, text: exchange.modelName)
    for message in exchange.messages { fields.add(Tag.message.rawValue, message.journalFields) }
    for choice in exchange.choices { fields.add(Tag.choice.rawValue, choice.journalFields) }
    add(.failureCode, text: exchange.failure?.code)
    add(.failureMessage, text: exchange.failure?.message)
    for attachment in exchange.attachments { fields.add(Tag.attachment.rawValue, attachment.journalFields) }
    add(.request, bytes: exchange.request)
    add(.inputs, bytes: exchange.inputs)
    add(.metadata, bytes: exchange.metadata)
    add(.usage, bytes: exchange.usage)
    add(.promptTokens, integer: exchange.promptTokens)
    add(.completionTokens, integer: exchange.completionTokens)
    add(.totalTokens, integer: exchange.totalTokens)
    add(.totalPrice, integer: exchange.totalPrice)
    add(.finishReason, text: exchange.finishReason)
    add(.systemFingerprint, text: exchange.systemFingerprint)
    add(.responseID, text: exchange.responseID)
    add(.isStream, integer: exchange.isStream ? 1 : 0)
    add(.latency, integer: latency)
    add(.firstTokenLatency, integer: firstTokenLatency)
    add(.ip, text: exchange.ip)
    add(.source, text: exchange.source)
    add(.tokenID, integer: exchange.tokenID)
    add(.tokenName, text: exchange.tokenName)
    add(.channelID, integer: exchange.channelID)
    if !exchange.ownership.isEmpty { add(.ownership, integer: Int64(exchange.ownership.rawValue)) }
    if isSealed {
      add(.conversationName, text: conversationName)
      add(.failedRequest, bytes: failedRequest)
    } else {
      add(.givenName, text: exchange.conversationName)
    }
    if let thread = exchange.thread {
      add(.parentID, bytes: thread.parentID.map { $0.bytes[...] })
      for head in thread.heads { fields.add(Tag.head.rawValue, head.journalFields) }
    }
    fields.add(Self.end, [])
    return [Self.format] + fields.bytes
  }

  /// The exchange with the ids, the day and the time of receipt that it had.
  convenience init(
    journalEntry entry: Bytes, calendar: PartitionCalendar, keys: ContentKeys = .none
  ) throws(DamagedEntry) {
    guard entry.first == Self.format else {
      throw DamagedEntry("the entry is of format \(entry.first.map { "\($0)" } ?? "none"), known is \(Self.format)")
    }
    var exchange = NewExchange(appID: "", userID: "", modelProvider: "", modelName: "", messages: [], choices: [])
    var accountID: String?
    var firstID: UUIDv7?
    var recordedAt: Int64 = 0
    var sealed: Sealed?
    var failedRequest: Bytes?
    var reader = TaggedFieldReader(entry.dropFirst())
    while true {
      guard let field = try reader.next() else { throw DamagedEntry("the entry is cut off") }
      if field.tag == Self.end { break }
      guard let tag = Tag(rawValue: field.tag) else { throw DamagedEntry("a field \(field.tag) is not known") }
      switch tag {
      case .accountID: accountID = field.text
      case .firstID: firstID = try field.id()
      case .recordedAt: recordedAt = try field.integer()
      case .conversationName: sealed = Sealed(conversationName: field.text)
      case .failedRequest: failedRequest = field.bytes
      default: try Self.set(tag, field, in: &exchange)
      }
    }
    guard let accountID, let firstID else { throw DamagedEntry("the account or the id is missing") }
    sealed?.failedRequest = failedRequest
    self.init(
      exchange, accountID: accountID, firstID: firstID, calendar: calendar, currency: "", recordedAt: recordedAt,
      keys: keys, sealed: sealed)
  }

  /// Whose exchange an entry holds.
  static func owner(ofJournalEntry entry: Bytes) throws(DamagedEntry) -> ConversationOwner {
    var reader = TaggedFieldReader(entry.dropFirst())
    var (app, user) = ("", "")
    while let field = try reader.next() {
      if field.tag == Tag.appID.rawValue { app = field.text }
      if field.tag == Tag.userID.rawValue { user = field.text }
    }
    return ConversationOwner(app: ExactText(app), user: ExactText(user))
  }

  private static func set(
    _ tag: Tag, _ field: TaggedField, in exchange: inout NewExchange
  ) throws(DamagedEntry) {
    switch tag {
    case .accountID, .firstID, .recordedAt, .conversationName, .failedRequest: break
    case .currency: exchange.currency = field.text
    case .appID: exchange.appID = field.text
    case .userID: exchange.userID = field.text
    case .conversationID: exchange.conversationID = field.text
    case .clientMessageID: exchange.clientMessageID = field.text
    case .idempotencyKey: exchange.idempotencyKey = field.text
    case .modelProvider: exchange.modelProvider = field.text
    case .modelName: exchange.modelName = field.text
    case .message: exchange.messages.append(try Message(journalFields: field.bytes))
    case .choice: exchange.choices.append(try Message(journalFields: field.bytes))
    case .failureCode: exchange.failure = NewExchange.Failure(code: field.text, message: "")
    case .failureMessage: exchange.failure?.message = field.text
    case .attachment: exchange.attachments.append(try Attachment(journalFields: field.bytes))
    case .request: exchange.request = field.bytes
    case .inputs: exchange.inputs = field.bytes
    case .metadata: exchange.metadata = field.bytes
    case .usage: exchange.usage = field.bytes
    case .promptTokens: exchange.promptTokens = try field.integer()
    case .completionTokens: exchange.completionTokens = try field.integer()
    case .totalTokens: exchange.totalTokens = try field.integer()
    case .totalPrice: exchange.totalPrice = try field.integer()
    case .finishReason: exchange.finishReason = field.text
    case .systemFingerprint: exchange.systemFingerprint = field.text
    case .responseID: exchange.responseID = field.text
    case .isStream: exchange.isStream = try field.integer() != 0
    case .latency: exchange.latency = .milliseconds(try field.integer())
    case .firstTokenLatency: exchange.firstTokenLatency = .milliseconds(try field.integer())
    case .ip: exchange.ip = field.text
    case .source: exchange.source = field.text
    case .tokenID: exchange.tokenID = try field.integer()
    case .tokenName: exchange.tokenName = field.text
    case .channelID: exchange.channelID = try field.integer()
    case .givenName: exchange.conversationName = field.text
    case .ownership: exchange.ownership = NewExchange.Ownership(rawValue: UInt8(clamping: try field.integer()))
    case .parentID: exchange.thread = ThreadPlace(parentID: try field.id(), heads: exchange.thread?.heads ?? [])
    case .head:
      let heads: [ThreadPlace.Head] = exchange.thread?.heads ?? []
      exchange.thread = ThreadPlace(
        parentID: exchange.thread?.parentID, heads: heads + [try ThreadPlace.Head(journalFields: field.bytes)])
    }
  }
}

extension ThreadPlace.Head {
  fileprivate var journalFields: TaggedFields {
    var fields = TaggedFields()
    fields.add(1, bytes: hash[...])
    fields.add(2, integer: Int64(row))
    return fields
  }

  fileprivate init(journalFields: Bytes) throws(DamagedEntry) {
    self.init(hash: [], row: 0)
    var reader = TaggedFieldReader(journalFields)
    while let field = try reader.next() {
      switch field.tag {
      case 1: hash = Array(field.bytes)
      case 2: row = Int(clamping: try field.integer())
      default: throw DamagedEntry("a head's field \(field.tag) is not known")
      }
    }
  }
}

extension Message {
  fileprivate var journalFields: TaggedFields {
    var fields = TaggedFields()
    fields.add(1, text: role)
    fields.add(2, text: name)
    fields.add(3, bytes: content)
    fields.add(4, text: contentKind.rawValue)
    fields.add(5, bytes: toolCalls)
    fields.add(6, text: toolCallID)
    fields.add(7, bytes: raw)
    return fields
  }

  fileprivate init(journalFields: Bytes) throws(DamagedEntry) {
    self.init(role: "", content: nil, contentKind: .none)
    var reader = TaggedFieldReader(journalFields)
    while let field = try reader.next() {
      switch field.tag {
      case 1: role = field.text
      case 2: name = field.text
      case 3: content = field.bytes
      case 4: contentKind = try field.choice(of: ContentKind.self)
      case 5: toolCalls = field.bytes
      case 6: toolCallID = field.text
      case 7: raw = field.bytes
      default: throw DamagedEntry("a message's field \(field.tag) is not known")
      }
    }
  }
}

extension Attachment {
  fileprivate var journalFields: TaggedFields {
    var fields = TaggedFields()
    fields.add(1, text: kind.rawValue)
    fields.add(2, text: transferMethod.rawValue)
    fields.add(3, text: url)
    fields.add(4, text: belongsTo.rawValue)
    fields.add(5, text: uploadFileID)
    fields.add(6, text: fileName)
    fields.add(7, integer: fileSize)
    fields.add(8, text: mimeType)
    fields.add(9, bytes: metadata)
    return fields
  }

  fileprivate init(journalFields: Bytes) throws(DamagedEntry) {
    self.init(kind: .other, transferMethod: .remoteURL, url: "", belongsTo: .user)
    var reader = TaggedFieldReader(journalFields)
    while let field = try reader.next() {
      switch field.tag {
      case 1: kind = try field.choice(of: Kind.self)
      case 2: transferMethod = try field.choice(of: TransferMethod.self)
      case 3: url = field.text
      case 4: belongsTo = try field.choice(of: Owner.self)
      case 5: uploadFileID = field.text
      case 6: fileName = field.text
      case 7: fileSize = try field.integer()
      case 8: mimeType = field.text
      case 9: metadata = field.bytes
      default: throw DamagedEntry("a file's field \(field.tag) is not known")
      }
    }
  }
}

import VerbatimModel

/// What people wrote about conversations: names, metadata, settings, tags.
extension ContentKeys {
  func sealed(_ text: String, of conversation: ConversationPlace, _ column: SealedColumn) -> String {
    guard current != nil || Self.isMarked(text) else { return text }
    return sealed(Bytes(utf8: text), of: conversation, column).string
  }

  func opened(
    _ stored: String, of conversation: ConversationPlace, _ column: SealedColumn
  ) throws(StoreError) -> String {
    guard Self.isMarked(stored) else { return stored }
    return try opened(Bytes(utf8: stored), of: conversation, column).string
  }

  static func isMarked(_ text: String) -> Bool { text.utf8.starts(with: mark) }

  /// As it is stored, but for its tags, which are opened where they are read.
  func opened(_ conversation: Conversation) throws(StoreError) -> Conversation {
    var opened = conversation
    opened.name = try self.opened(conversation.name, of: conversation.place, .conversationName)
    if let metadata = conversation.metadata {
      opened.metadata = try self.opened(metadata, of: conversation.place, .conversationMetadata)
    }
    return opened
  }

  func sealed(_ settings: ConversationSettings, of conversation: ConversationPlace) -> ConversationSettings {
    var sealed = settings
    sealed.systemMessage = settings.systemMessage.map { self.sealed($0, of: conversation, .systemMessage) }
    sealed.stopSequences = settings.stopSequences.map { self.sealed($0, of: conversation, .stopSequences) }
    return sealed
  }

  func opened(
    _ settings: ConversationSettings, of conversation: ConversationPlace
  ) throws(StoreError) -> ConversationSettings {
    var opened = settings
    if let text = settings.systemMessage {
      opened.systemMessage = try self.opened(text, of: conversation, .systemMessage)
    }
    if let json = settings.stopSequences {
      opened.stopSequences = try self.opened(json, of: conversation, .stopSequences)
    }
    return opened
  }
}

extension Conversation {
  var place: ConversationPlace { ConversationPlace(account: accountID, id: id) }
}

/// Tags are looked for by what is stored, so equal tags must be stored alike: the nonce is a keyed hash of the tag
/// instead of chance. Who reads the database sees which conversations have the same tag, and not which.
extension ContentKeys {
  private static let tagPlace = Array("verbatim content tag".utf8)

  func sealed(tag: String) -> String {
    let text = Bytes(utf8: tag)
    guard let current else { return Self.plain(text).string }
    return sealed(tag: text, keyID: current)
  }

  /// All that the tag may be stored as.
  func forms(ofTag tag: String) -> [String] {
    let text = Bytes(utf8: tag)
    return [Self.plain(text).string] + ids.map { sealed(tag: text, keyID: $0) }
  }

  func opened(tag stored: String) throws(StoreError) -> String {
    guard Self.isMarked(stored) else { return stored }
    return try opened(Bytes(utf8: stored), at: Self.tagPlace, "a tag").string
  }

  private func sealed(tag text: Bytes, keyID: String) -> String {
    let hash = KeyedHash.digest(Self.tagPlace + text, key: KeyedHash.digest(Self.tagPlace, key: key(keyID) ?? []))
    return sealed(text, at: Self.tagPlace, keyID: keyID, nonce: Array(hash.prefix(AESGCM.nonceSize))).string
  }
}

import VerbatimModel

extension ConversationChange {
  /// Without sensitive values, as the app of its conversation has it.
  func redacted(by redactor: Redactor?) -> ConversationChange {
    guard let redactor else { return self }
    var change: ConversationChange = self
    change.name = name.map(redactor.name)
    change.tags = tags?.map { tag in
      String(String.UnicodeScalarView(redactor.name(tag).unicodeScalars.prefix(Self.longestTag)))
    }
    if case .replace(let json) = metadata { change.metadata = .replace(redactor.json(json)) }
    return change
  }
}

extension ConversationSettings {
  /// Likewise.
  func redacted(by redactor: Redactor?) -> ConversationSettings {
    guard let redactor else { return self }
    var settings: ConversationSettings = self
    settings.systemMessage = systemMessage.map { redactor.text($0) }
    settings.stopSequences = stopSequences.map { redactor.json($0) }
    return settings
  }
}

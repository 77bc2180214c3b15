import VerbatimModel

extension JSONWriter {
  /// A conversation as it is listed and managed; `isWhole`: with its metadata, which lists leave out.
  mutating func managed(_ conversation: Conversation, isWhole: Bool) {
    beginObject()
    key("id")
    string(conversation.id)
    key("account_id")
    string(conversation.accountID)
    key("app_id")
    string(conversation.appID)
    key("user_id")
    string(conversation.userID)
    key("name")
    string(conversation.name)
    key("status")
    string(conversation.status.rawValue)
    key("source")
    string(conversation.source)
    key("model_name")
    string(orNull: conversation.modelName)
    counters(of: conversation)
    key("tags")
    beginArray()
    for tag in conversation.tags { string(tag) }
    endArray()
    if isWhole {
      key("metadata")
      raw(conversation.metadata ?? Bytes(utf8: "{}"))
    }
    times(of: conversation)
    key("deleted_at")
    if let time = conversation.deletedAt, conversation.status == .deleted { timestamp(time) } else { null() }
    endObject()
  }
}

import VerbatimModel

extension JSONWriter {
  /// `normal` is the seed's word for an active conversation.
  mutating func conversation(_ conversation: Conversation) {
    beginObject()
    key("id")
    string(conversation.id)
    key("app_id")
    string(conversation.appID)
    key("user_id")
    string(conversation.userID)
    key("name")
    string(conversation.name)
    key("status")
    string(conversation.status == .active ? "normal" : conversation.status.rawValue)
    key("model_id")
    string(orNull: conversation.modelName)
    counters(of: conversation)
    times(of: conversation)
    endObject()
  }

  mutating func counters(of conversation: Conversation) {
    key("dialogue_count")
    integer(conversation.dialogueCount)
    key("error_count")
    integer(conversation.errorCount)
    key("message_count")
    integer(conversation.messageCount)
    key("total_tokens")
    integer(conversation.totalTokens)
    key("total_price")
    millionths(conversation.totalPrice)
  }

  mutating func times(of conversation: Conversation) {
    key("created_at")
    timestamp(conversation.createdAt)
    key("updated_at")
    timestamp(conversation.updatedAt)
    key("last_active_at")
    timestamp(conversation.lastActiveAt)
  }

  /// A decimal number, exactly: 1500 is `0.0015`.
  mutating func millionths(_ value: Int64) {
    let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    var text = (value < 0 ? "-" : "") + String(whole)
    if rest > 0 {
      var digits = String(rest + 1_000_000).dropFirst()
      while digits.last == "0" { digits.removeLast() }
      text += "." + digits
    }
    raw(Bytes(utf8: text))
  }
}

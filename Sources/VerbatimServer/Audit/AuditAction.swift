/// What may be done that leaves a trace. A route that reads, chats or administers names one of these.
package enum AuditAction: String, Sendable, CaseIterable {
  case conversationRead = "conversation.read"
  case conversationList = "conversation.list"
  case conversationExport = "conversation.export"
  case conversationSearch = "conversation.search"
  case conversationStatistics = "conversation.statistics"
  case conversationChat = "conversation.chat"
  case conversationCreate = "conversation.create"
  case conversationChange = "conversation.change"
  case conversationRestore = "conversation.restore"
  case conversationDelete = "conversation.delete"
  case conversationPurge = "conversation.purge"
  case conversationExpire = "conversation.expire"
  case exportRemove = "export.remove"
  case modelCall = "model.call"
  case modelList = "model.list"
  case accountList = "account.list"
  case accountCreate = "account.create"
  case accountChange = "account.change"
  case keyList = "key.list"
  case keyCreate = "key.create"
  case keyChange = "key.change"
  case keyRevoke = "key.revoke"
  case keyRotate = "key.rotate"
  case channelList = "channel.list"
  case channelCreate = "channel.create"
  case channelChange = "channel.change"
  case channelDelete = "channel.delete"
  case channelTest = "channel.test"
  case searchStatus = "search.status"
  case searchReindex = "search.reindex"
  case auditRead = "audit.read"
  case contentReencrypt = "content.reencrypt"
  case contentReencryptionRead = "content.reencryption"

  /// Reads are many and change nothing: they are counted by the minute and written soon after. Whatever else is done is
  /// on record before it is done.
  var isReading: Bool {
    switch self {
    case .conversationRead, .conversationList, .conversationExport, .conversationSearch, .conversationStatistics,
      .conversationChat, .modelCall, .modelList, .accountList, .keyList, .channelList, .searchStatus, .auditRead,
      .contentReencryptionRead:
      true
    default: false
    }
  }
}

import VerbatimModel

/// One row of the audit trail: who did what to which conversation, from where. Never content.
package struct AuditEntry: Sendable, Equatable {
  /// What the actor's key is called where there is none.
  package static let keyless = "keyless"
  package static let commandLine = "command line"
  /// The actor and key of what the server does by itself.
  package static let system = "system"
  /// The account of what concerns every account.
  package static let everyAccount = "*"

  /// Of the moment when it was done; of reads, when the first of them was.
  package var id: UUIDv7
  /// `conversation.delete`, for example.
  package var action: String
  /// The account whose key it was.
  package var actor: String
  /// The key's id, or one of the words above.
  package var key: String
  /// Whose data.
  package var account: String
  package var conversation: String?
  package var address: String
  package var requestID: String
  /// How many times, or how many conversations.
  package var count: Int
  /// A JSON object of what else there is to say.
  package var detail: String?

  package init(
    id: UUIDv7, action: String, actor: String, key: String, account: String, conversation: String? = nil,
    address: String = "", requestID: String = "", count: Int = 1, detail: String? = nil
  ) {
    self.id = id
    self.action = action
    self.actor = actor
    self.key = key
    self.account = account
    self.conversation = conversation
    self.address = address
    self.requestID = requestID
    self.count = count
    self.detail = detail
  }

  /// Unix milliseconds.
  package var time: Int64 { id.milliseconds }
}

/// Which rows of the trail are asked for; what is nil does not matter.
package struct AuditQuery: Sendable, Equatable {
  package var account: String?
  package var actor: String?
  package var action: String?
  package var conversation: String?
  /// Unix milliseconds; `from` belongs to it, `to` does not.
  package var from: Int64?
  package var to: Int64?

  package init() {}
}

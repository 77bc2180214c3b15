import Databases
import VerbatimModel

/// Finding and changing conversations. What is outside the reach is not there; neither is what was deleted, but for
/// `restore` and `purge`.
extension Store {
  /// Throws `StoreError.rejected` where there are too many conversations for another order than that of their creation.
  package func conversations(matching query: ConversationQuery) async throws -> ConversationPage {
    let keys: ContentKeys = contentKeys
    return try await reading { try $0.conversations(matching: query, keys) }
  }

  /// nil where there is no such conversation.
  package func change(_ id: String, _ change: ConversationChange, within reach: Reach) async throws -> Conversation? {
    let (now, redaction, keys) = (configuration.clock(), redaction, contentKeys)
    return try await changing { connection in
      try connection.transaction {
        guard let old = try connection.conversation(following: id, within: reach) else { return nil }
        let change: ConversationChange = change.redacted(by: redaction?.redactor(of: old.appID))
        guard try connection.apply(change, to: old, keys, now: now) else { return nil }
        return try connection.conversation(withTagsOf: old, keys)
      }
    }
  }

  /// Hides the conversation; answers whether it was there. A new exchange brings it back.
  package func delete(_ id: String, within reach: Reach) async throws -> Bool {
    let now: Int64 = configuration.clock()
    let deleted: Conversation? = try await changing { connection in
      try connection.transaction {
        guard let old = try connection.conversation(following: id, within: reach),
          try connection.setStatus(.deleted, of: old, now: now)
        else { return nil }
        return try connection.conversation(old.id, within: .account(old.accountID), isDeleted: true)
      }
    }
    return deleted != nil
  }

  /// Brings a deleted conversation back, and leaves one that is there as it is; nil where there is neither.
  package func restore(_ id: String, within reach: Reach) async throws -> Conversation? {
    let (now, keys) = (configuration.clock(), contentKeys)
    return try await changing { connection in
      try connection.transaction {
        guard let old = try connection.conversation(following: id, within: reach, isDeleted: true) else {
          return try connection.conversation(following: id, within: reach).flatMap {
            try connection.conversation(withTagsOf: $0, keys)
          }
        }
        guard try !connection.isBeingPurged(old), try connection.setStatus(.active, of: old, now: now) else {
          return nil
        }
        return try connection.conversation(withTagsOf: old, keys)
      }
    }
  }

  /// Runs a change, tried again where others were in its way, and lets no replica show what was before.
  func changing(
    _ body: @escaping @Sendable (isolated Connection) throws -> Conversation?
  ) async throws -> Conversation? {
    let changed: Conversation? = try await managing(body)
    if let changed { replica?.note(changed) }
    return changed
  }

  /// As `writing`; a failure becomes a `StoreError`.
  func managing<Result: Sendable>(
    _ body: @escaping @Sendable (isolated Connection) throws -> Result
  ) async throws -> Result {
    do {
      return try await writing(body)
    } catch let error as DatabaseError where error.kind != .cancelled {
      log.error("MES change failed", ["error": error.message, "sql": error.sql ?? ""])
      throw StoreError(error)
    }
  }
}

extension Connection {
  fileprivate func conversation(withTagsOf old: Conversation, _ keys: ContentKeys) throws -> Conversation? {
    guard var conversation = try conversation(old.id, within: .account(old.accountID)) else { return nil }
    try addTags(to: &conversation, keys)
    return try keys.opened(conversation)
  }

  /// Answers false where it was deleted meanwhile.
  fileprivate func apply(
    _ change: ConversationChange, to old: Conversation, _ keys: ContentKeys, now: Int64
  ) throws -> Bool {
    var assignments: SQL = Self.touched(now)
    if let name = change.name {
      assignments = "\(assignments), name = \(keys.sealed(name, of: old.place, .conversationName))"
    }
    if let isArchived = change.isArchived {
      let status: Conversation.Status = isArchived ? .archived : .active
      assignments = "\(assignments), status = \(status.rawValue)"
    }
    if let metadata = change.metadata {
      let opened: Bytes? = try old.metadata.map { try keys.opened($0, of: old.place, .conversationMetadata) }
      let new: Bytes? = metadata.applied(to: opened).map { keys.sealed($0, of: old.place, .conversationMetadata) }
      assignments = "\(assignments), metadata = \(new?.string)"
    }
    let found: Int = try execute(
      """
      UPDATE conversations
      SET \(assignments)
      WHERE account_id = \(old.accountID) AND id = \(old.id) AND status <> 'deleted'
      """)
    guard found > 0 else { return false }
    if let tags = change.tags { try setTags(tags, of: old.id, account: old.accountID, keys) }
    return true
  }

  /// Answers false where another changed it meanwhile.
  func setStatus(_ status: Conversation.Status, of old: Conversation, now: Int64) throws -> Bool {
    try execute(
      """
      UPDATE conversations
      SET \(Self.touched(now)), status = \(status.rawValue), deleted_at = \(status == .deleted ? now : nil)
      WHERE account_id = \(old.accountID) AND id = \(old.id) AND status = \(old.status.rawValue)
      """) > 0
  }

  /// Enters that something of it has changed; answers false where it is gone. Nobody else changes it until the transaction
  /// ends.
  func touch(_ conversation: Conversation, now: Int64) throws -> Bool {
    try execute(
      """
      UPDATE conversations
      SET \(Self.touched(now))
      WHERE account_id = \(conversation.accountID) AND id = \(conversation.id)
      """) > 0
  }

  /// Each change has a time of its own, so that it tells whether a replica has the change.
  private static func touched(_ now: Int64) -> SQL {
    "updated_at = CASE WHEN updated_at < \(now) THEN \(now) ELSE updated_at + 1 END"
  }
}

import VerbatimModel

/// Which conversations a list holds, and in which order.
package struct ConversationQuery: Sendable {
  package enum Sort: String, Sendable, CaseIterable {
    case createdAt = "created_at"
    case updatedAt = "updated_at"
    case lastActiveAt = "last_active_at"
    case name
  }

  package var reach: Reach
  package var appID: String?
  package var userID: String?
  package var modelName: String?
  package var source: String?
  package var tag: String?
  /// Part of the name, whatever its case.
  package var text: String?
  package var statuses: Set<Conversation.Status> = [.active, .archived]
  /// Unix milliseconds within which it was created.
  package var created: Range<Int64>?
  package var sort = Sort.createdAt
  package var isAscending = false
  package var limit = 20
  /// Matches that are passed over.
  package var offset = 0
  /// Behind which the page begins.
  package var cursor: ConversationCursor?

  package init(_ reach: Reach) { self.reach = reach }

  /// Whether the walk along an index meets nothing but matches, but for statuses.
  var isUnfiltered: Bool {
    reach.app == nil && appID == nil && modelName == nil && source == nil && tag == nil && text == nil
  }

  /// The user whose conversations an index finds.
  var indexedUser: String? { reach.account == nil ? nil : reach.user ?? userID }

  /// All but the tag, which stands in another table.
  func matches(_ conversation: Conversation) -> Bool {
    func isSame(_ wanted: String?, _ value: String?) -> Bool {
      wanted.map { ExactText($0) == ExactText(value ?? "") } ?? true
    }
    return statuses.contains(conversation.status)
      && reach.contains(account: conversation.accountID, app: conversation.appID, user: conversation.userID)
      && isSame(appID, conversation.appID) && isSame(userID, conversation.userID)
      && isSame(modelName, conversation.modelName) && isSame(source, conversation.source)
      && created?.contains(conversation.createdAt) ?? true
      && text.map { conversation.name.lowercased().contains($0.lowercased()) } ?? true
  }
}

/// A page of a list.
package struct ConversationPage: Sendable {
  package var conversations: [Conversation] = []
  /// Where to go on; nil at the end. A page may hold fewer than its limit, even none, and have one.
  package var next: ConversationCursor?
}

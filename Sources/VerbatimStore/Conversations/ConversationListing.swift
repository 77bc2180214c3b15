import VerbatimModel

/// Makes a page of conversations that come in the list's order, matches and others.
struct ConversationListing {
  private let query: ConversationQuery
  private var passedOver = 0
  private var last: Conversation?
  private(set) var page = ConversationPage()

  init(_ query: ConversationQuery) { self.query = query }

  /// Answers whether more are wanted. `hasTag`: whether it has the tag that is asked for, if one is.
  mutating func add(_ conversation: Conversation, hasTag: Bool) -> Bool {
    guard hasTag, query.matches(conversation) else {
      last = conversation
      return true
    }
    guard page.conversations.count < query.limit else {
      endEarly()
      return false
    }
    last = conversation
    if passedOver < query.offset { passedOver += 1 } else { page.conversations.append(conversation) }
    return true
  }

  /// There is more behind what came last.
  mutating func endEarly() { page.next = last.map { ConversationCursor(behind: $0, in: query) } }
}

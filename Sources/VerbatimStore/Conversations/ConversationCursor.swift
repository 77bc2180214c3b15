import VerbatimModel

/// A place in a list, behind one conversation: what it is sorted by, then account and id. It stays right while others
/// come and go, since it names a place and no number of rows.
package struct ConversationCursor: Sendable, Equatable {
  let sort: ConversationQuery.Sort
  let isAscending: Bool
  let key: ConversationSortKey

  init(behind conversation: Conversation, in query: ConversationQuery) {
    sort = query.sort
    isAscending = query.isAscending
    key = ConversationSortKey(conversation, by: query.sort)
  }

  /// nil for what is no cursor, or of a list in another order.
  package init?(_ text: String, of query: ConversationQuery) {
    guard let bytes = Base64URL.decode(text), let json = try? JSONSlice(checking: bytes) else { return nil }
    let items: [JSONSlice] = json.elements.map(\.self)
    guard items.count == 5, items[0].string?.string == query.sort.rawValue, items[1].boolean == query.isAscending,
      let account = items[3].string?.string, let id = items[4].string?.string
    else { return nil }
    sort = query.sort
    isAscending = query.isAscending
    if sort == .name {
      guard let name = items[2].string?.string else { return nil }
      key = ConversationSortKey(number: 0, text: name, accountID: account, id: id)
    } else {
      guard let number = items[2].integer else { return nil }
      key = ConversationSortKey(number: number, text: "", accountID: account, id: id)
    }
  }

  /// As it travels: letters, digits, `-` and `_`.
  package var text: String {
    var json = JSONWriter()
    json.beginArray()
    json.string(sort.rawValue)
    json.boolean(isAscending)
    if sort == .name { json.string(key.text) } else { json.integer(key.number) }
    json.string(key.accountID)
    json.string(key.id)
    json.endArray()
    return Base64URL.encode(json.bytes)
  }
}

/// What orders a list; texts byte by byte, as databases have them.
struct ConversationSortKey: Sendable, Equatable, Comparable {
  let number: Int64
  let text: String
  let accountID: String
  let id: String

  init(number: Int64, text: String, accountID: String, id: String) {
    self.number = number
    self.text = text
    self.accountID = accountID
    self.id = id
  }

  init(_ conversation: Conversation, by sort: ConversationQuery.Sort) {
    let number: Int64 =
      switch sort {
      case .createdAt: conversation.createdAt
      case .updatedAt: conversation.updatedAt
      case .lastActiveAt: conversation.lastActiveAt
      case .name: 0
      }
    self.init(
      number: number, text: sort == .name ? conversation.name : "", accountID: conversation.accountID,
      id: conversation.id)
  }

  static func < (left: ConversationSortKey, right: ConversationSortKey) -> Bool {
    if left.number != right.number { return left.number < right.number }
    for path in [\ConversationSortKey.text, \.accountID, \.id] {
      let (first, second) = (left[keyPath: path].utf8, right[keyPath: path].utf8)
      if !first.elementsEqual(second) { return first.lexicographicallyPrecedes(second) }
    }
    return false
  }
}

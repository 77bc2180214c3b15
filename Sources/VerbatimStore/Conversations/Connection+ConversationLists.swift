import Databases
import VerbatimModel

/// Lists of conversations. In the order of their creation they are walked along an index, newest or oldest first, so a
/// page costs what it returns; what a filter leaves out is passed over, within a bound, after which the page ends early.
/// Every other order, and a tag, takes the conversations that there are of these, within the same bound, and sorts them.
extension Connection {
  /// Conversations that one page looks at, besides those that its offset passes over.
  static let looked = 10_000
  private static let largestPiece = 2_000

  func conversations(matching query: ConversationQuery, _ keys: ContentKeys) throws -> ConversationPage {
    var page: ConversationPage
    let tags: [String] = query.tag.map(keys.forms) ?? []
    if !tags.isEmpty, let account = query.reach.account, let found = try conversations(of: account, tagged: tags) {
      page = sorted(try found.map(keys.opened), query)
    } else if query.sort == .createdAt {
      return try walk(query, tags, keys)
    } else {
      page = sorted(try sortable(query).map(keys.opened), query)
    }
    try addTags(to: &page.conversations, keys)
    return page
  }

  /// Those of a walk along an index, with their tags. `tags`: the forms of the one that is asked for, if one is.
  private func walk(_ query: ConversationQuery, _ tags: [String], _ keys: ContentKeys) throws -> ConversationPage {
    var listing = ConversationListing(query)
    var place: ConversationSortKey? = query.cursor?.key
    let bound: Int = query.offset + Self.looked
    var looked = 0
    var piece: Int = min(query.isUnfiltered ? query.offset + query.limit + 1 : 200, Self.largestPiece)
    var isAnyTagged = false
    let dialect: Dialect = try dialect()
    walk: while true {
      let found: [(conversation: Conversation, hasTag: Bool)] = try self.query(
        Self.piece(of: query, tags, behind: place, limit: piece, dialect)
      ) { row in
        if row.integer(Conversation.columnCount + 1) != 0 { isAnyTagged = true }
        return (try keys.opened(Conversation(row)), row.integer(Conversation.columnCount) != 0)
      }
      for (conversation, hasTag) in found where !listing.add(conversation, hasTag: hasTag) { break walk }
      guard found.count == piece, let last = found.last?.conversation else { break }
      looked += found.count
      guard looked < bound else {
        listing.endEarly()
        break
      }
      place = ConversationSortKey(last, by: .createdAt)
      piece = min(piece * 4, Self.largestPiece, bound - looked)
    }
    var page: ConversationPage = listing.page
    if isAnyTagged { try addTags(to: &page.conversations, keys) }
    return page
  }

  private static func piece(
    of query: ConversationQuery, _ tags: [String], behind place: ConversationSortKey?, limit: Int, _ dialect: Dialect
  ) -> SQL {
    // Where what is looked at is about what is given back, asking here spares most lists the look for tags.
    let isTagged: SQL = query.isUnfiltered ? has(tag: "") : "1"
    return """
      SELECT \(unsafeSQL: Conversation.columns), \(hasTag(tags)), \(isTagged)
      FROM conversations AS c \(dialect.along(index: index(of: query)))
      WHERE \(span(of: query)) AND \(isBehind(place, query))
      ORDER BY \(unsafeSQL: order(of: query))
      LIMIT \(limit)
      """
  }

  private static func index(of query: ConversationQuery) -> String {
    guard query.reach.account != nil else { return "conversations_created" }
    return query.indexedUser == nil ? "conversations_account" : "conversations_user"
  }

  private static func order(of query: ConversationQuery) -> String {
    let isOfOneAccount: Bool = query.reach.account != nil
    return switch (isOfOneAccount, query.isAscending) {
    case (true, true): "c.created_at ASC, c.id ASC"
    case (true, false): "c.created_at DESC, c.id DESC"
    case (false, true): "c.created_at ASC, c.account_id ASC, c.id ASC"
    case (false, false): "c.created_at DESC, c.account_id DESC, c.id DESC"
    }
  }

  /// What an index of conversations finds.
  private static func span(of query: ConversationQuery) -> SQL {
    var condition: SQL = query.reach.account.map { "c.account_id = \($0)" } ?? "1 = 1"
    if let user = query.indexedUser { condition = "\(condition) AND c.user_id = \(user)" }
    guard let created = query.created else { return condition }
    return "\(condition) AND c.created_at >= \(created.lowerBound) AND c.created_at < \(created.upperBound)"
  }

  /// So that who may see one app alone sorts its conversations, however many others there are.
  private static func isOfApp(_ query: ConversationQuery) -> SQL {
    [query.reach.app, query.appID].compactMap { $0 }.reduce("1 = 1") { "\($0) AND c.app_id = \($1)" }
  }

  /// Told so that every engine takes the time for a range of the index.
  private static func isBehind(_ place: ConversationSortKey?, _ query: ConversationQuery) -> SQL {
    guard let place else { return "1 = 1" }
    let comparison: String = query.isAscending ? ">" : "<"
    let time: SQL = "c.created_at \(unsafeSQL: comparison)"
    let isBehindAlone: SQL = "c.id \(unsafeSQL: comparison) \(place.id)"
    let rest: SQL =
      query.reach.account != nil
      ? isBehindAlone
      : """
      c.account_id \(unsafeSQL: comparison) \(place.accountID)
          OR (c.account_id = \(place.accountID) AND \(isBehindAlone))
      """
    return "\(time)= \(place.number) AND (\(time) \(place.number) OR \(rest))"
  }

  private static func hasTag(_ tags: [String]) -> SQL {
    tags.isEmpty ? "1" : has(tag: " AND t.tag IN (\(list: tags))")
  }

  /// 1 where the conversation has a tag that meets `condition`, else 0.
  private static func has(tag condition: SQL) -> SQL {
    """
    CASE WHEN EXISTS (
      SELECT 1 FROM verbatim_conversation_tags AS t
      WHERE t.account_id = c.account_id AND t.conversation_id = c.id\(condition)
    ) THEN 1 ELSE 0 END
    """
  }

  /// nil where they are too many to be sorted here.
  private func conversations(of account: String, tagged tags: [String]) throws -> [Conversation]? {
    let found: [Conversation] = try query(
      """
      SELECT \(unsafeSQL: Conversation.columns)
      FROM (
        SELECT DISTINCT account_id, conversation_id
        FROM verbatim_conversation_tags
        WHERE account_id = \(account) AND tag IN (\(list: tags))
      ) AS t
      JOIN conversations AS c ON c.account_id = t.account_id AND c.id = t.conversation_id
      LIMIT \(Self.looked + 1)
      """
    ) { try Conversation($0) }
    return found.count > Self.looked ? nil : found
  }

  private func sortable(_ query: ConversationQuery) throws -> [Conversation] {
    let found: [Conversation] = try self.query(
      """
      SELECT \(unsafeSQL: Conversation.columns)
      FROM conversations AS c
      WHERE \(Self.span(of: query)) AND \(Self.isOfApp(query))
      LIMIT \(Self.looked + 1)
      """
    ) { try Conversation($0) }
    guard query.tag == nil, found.count <= Self.looked else {
      throw StoreError.rejected(
        field: "sort",
        reason: """
          by anything but created_at takes at most \(Self.looked) conversations, and there are more: narrow them down by \
          app_id, user_id, tag, from or to
          """)
    }
    return found
  }

  private func sorted(_ conversations: [Conversation], _ query: ConversationQuery) -> ConversationPage {
    let keyed = conversations.map { (key: ConversationSortKey($0, by: query.sort), conversation: $0) }
    var listing = ConversationListing(query)
    for (key, conversation) in keyed.sorted(by: { query.isAscending ? $0.key < $1.key : $1.key < $0.key }) {
      if let place = query.cursor?.key, query.isAscending ? key <= place : key >= place { continue }
      guard listing.add(conversation, hasTag: true) else { break }
    }
    return listing.page
  }
}

import Providers
import VerbatimModel
import VerbatimStore

/// An item with its id.
struct ListedItem: Sendable {
  let id: String
  let item: ConversationItem

  /// Those of a message; `removed`: places of those that are left out.
  static func items(of message: Message, id: UUIDv7, output: Bytes? = nil, removed: Set<Int> = []) -> [ListedItem] {
    ConversationItem.items(of: message, output: output).enumerated().compactMap { place, item in
      guard !removed.contains(place) else { return nil }
      return ListedItem(id: ItemID(message: id, place: place).text(for: item), item: item)
    }
  }
}

/// A page of items, in the order of reading.
struct ItemPage: Sendable {
  var items: [ListedItem] = []
  var hasMore = false
}

/// Reads the items of a conversation out of its messages.
struct ItemReader: Sendable {
  let store: Store
  let conversation: String
  let reach: Reach

  /// At most `limit` items from one end of the conversation, or behind one of them. Throws 404 without a conversation,
  /// 400 where it has no item `after`.
  func page(after: String?, isNewestFirst: Bool, limit: Int) async throws -> ItemPage {
    let cursor = try after.map(Self.cursor)
    var page = ItemPage()
    var place = Self.place(from: cursor, isNewestFirst)
    var isPastCursor = cursor == nil
    while true {
      let found = try await rows(from: place, limit: limit + 1)
      for row in found.rows {
        var items = Self.items(of: row, removed: isPastCursor ? row.removed : [])
        if isNewestFirst { items.reverse() }
        if !isPastCursor {
          guard let index = items.firstIndex(where: { $0.id == after }) else { throw Self.noCursor }
          let kept = Set(Self.items(of: row, removed: row.removed).map(\.id))
          items = items[(index + 1)...].filter { kept.contains($0.id) }
          isPastCursor = true
        }
        for item in items {
          guard page.items.count < limit else {
            page.hasMore = true
            return page
          }
          page.items.append(item)
        }
      }
      guard isPastCursor else { throw Self.noCursor }
      guard found.hasMore, let last = found.rows.last else { return page }
      place = isNewestFirst ? .before(last.id) : .after(last.id)
    }
  }

  /// Throws 404 where there is none.
  func item(_ id: String) async throws -> (listed: ListedItem, place: ItemID) {
    guard let place = ItemID(id) else { throw APIError.noItem }
    let found = try await rows(from: .after(place.message.subtracting(1)), limit: 1)
    guard let row = found.rows.first, row.id == place.message,
      let item = Self.items(of: row, removed: row.removed).first(where: { $0.id == id })
    else { throw APIError.noItem }
    return (item, place)
  }

  private func rows(from place: PagePlace, limit: Int) async throws -> ConversationItemRows {
    guard let rows = try await store.itemRows(of: conversation, within: reach, from: place, limit: limit) else {
      throw APIError.noConversation
    }
    return rows
  }

  private static func items(of row: ConversationItemRow, removed: Set<Int>) -> [ListedItem] {
    ListedItem.items(of: row.message, id: row.id, output: row.output, removed: removed)
  }

  private static func cursor(_ after: String) throws(APIError) -> ItemID {
    guard let id = ItemID(after) else { throw noCursor }
    return id
  }

  /// The cursor's message is read again, for an item may be neither its first nor its last.
  private static func place(from cursor: ItemID?, _ isNewestFirst: Bool) -> PagePlace {
    guard let message = cursor?.message else { return isNewestFirst ? .newest : .oldest }
    return isNewestFirst ? .before(message.adding(1)) : .after(message.subtracting(1))
  }

  private static let noCursor = APIError.invalid("after must be the id of an item of this conversation")
}

extension APIError {
  static let noItem = APIError.notFound("the conversation has no such item")
}

import HTTP
import Providers
import VerbatimModel
import VerbatimStore

/// The items of conversations as OpenAI's clients put them in, list and remove them.
struct ItemHandlers: Sendable {
  private static let limits = 1...100

  private let store: Store
  private let defaults: IngestDefaults
  private let bodyLimit: Int

  init(store: Store, configuration: Configuration) {
    self.store = store
    defaults = configuration.ingestDefaults
    bodyLimit = configuration.server.maximumBodySize
  }

  /// `{"items": […]}`: they become messages that nobody has answered.
  @Sendable func create(_ request: HTTPRequest) async throws -> HTTPResponse {
    guard let found = try await store.conversation(request.conversationID, within: request.caller.reach) else {
      throw APIError.noConversation
    }
    let messages = try NewItems.messages(try await request.openAIBody(upTo: bodyLimit)["items"])
    guard !messages.isEmpty else { throw APIError.invalid("items is required and must not be empty") }
    let recording = try Recording(request, to: store, defaults: defaults)
    let receipt = try await recording.append(recording.unanswered(messages, in: found))
    var page = ItemPage()
    // The exchange's own row is that of its last message.
    let first = receipt.exchangeID.subtracting(UInt64(messages.count - 1))
    for (index, message) in messages.enumerated() {
      page.items += ListedItem.items(of: message, id: first.adding(UInt64(index)))
    }
    var response = Self.answer(page)
    if receipt.isJournaled { response.sayJournaled() }
    return response
  }

  /// `{"object": "list", "data", "first_id", "last_id", "has_more"}`, newest first unless asked otherwise.
  @Sendable func list(_ request: HTTPRequest) async throws -> HTTPResponse {
    let limit = try request.number("limit", within: Self.limits, standard: 20)
    let order = try request.choice("order", of: ListOrder.self) ?? .desc
    let after = try request.parameter("after", longest: IngestLimits.code)
    return Self.answer(
      try await reader(request).page(after: after, isNewestFirst: order == .desc, limit: limit))
  }

  @Sendable func item(_ request: HTTPRequest) async throws -> HTTPResponse {
    let found = try await reader(request).item(request.itemID).listed
    var json = JSONWriter(reservingCapacity: 1024)
    found.item.write(id: found.id, to: &json)
    return .json(json)
  }

  /// Answers with the conversation.
  @Sendable func remove(_ request: HTTPRequest) async throws -> HTTPResponse {
    let place = try await reader(request).item(request.itemID).place
    let changed = try await store.removeItem(
      at: place.place, of: place.message, in: request.conversationID, within: request.caller.reach)
    guard let changed else { throw APIError.noConversation }
    return StoredConversationHandlers.answer(changed)
  }

  private func reader(_ request: HTTPRequest) throws -> ItemReader {
    ItemReader(store: store, conversation: request.conversationID, reach: try request.caller.reach)
  }

  static func answer(_ page: ItemPage) -> HTTPResponse {
    var json = JSONWriter(reservingCapacity: 4096)
    json.list(page.items, hasMore: page.hasMore, id: \.id) { json, listed in
      listed.item.write(id: listed.id, to: &json)
    }
    return .json(json)
  }
}

extension HTTPRequest {
  fileprivate var itemID: String { parameters["item_id"] ?? "" }
}

import VerbatimModel

/// Where a page of exchanges begins.
package enum PagePlace: Sendable {
  /// The conversation's end, going back.
  case newest
  /// The conversation's beginning, going on.
  case oldest
  /// Going back from an exchange, which is not on the page.
  case before(UUIDv7)
  /// Going on from an exchange, which is not on the page.
  case after(UUIDv7)
}

/// A page of exchanges, oldest first, or why there is none.
package enum PageAnswer: Sendable {
  case page(ExchangePage)
  case noConversation
  /// The conversation has no such exchange to go on from.
  case noCursor

  var isPage: Bool { if case .page = self { true } else { false } }
}

package struct ExchangePage: Sendable {
  /// Oldest first.
  package var exchanges: [StoredExchange]
  package var hasMore: Bool
  /// About how many bytes of text its exchanges hold.
  package var textBytes: Int
}

/// Makes a page of exchanges from a conversation's rows in one pass.
///
/// The ids of an exchange's rows follow each other without a gap: input messages, then choices, the first of which
/// carries the exchange. So what precedes that row in the order of reading waits for it, and what follows it belongs to
/// the exchange placed last.
struct ExchangePageBuilder {
  enum Order { case newestFirst, oldestFirst }

  private static let usualLimit = 32

  private let order: Order
  private let limit: Int
  /// In the order of reading; the last one may still lack messages.
  private var exchanges: [StoredExchange] = []
  /// Failures that were not placed yet, in the order of reading.
  private var failures: ArraySlice<StoredExchange> = []
  /// Messages of the exchange whose own row has not come yet, in the order of reading.
  private var waiting: [Message] = []
  private var waitingBytes = PageBudget()
  private var budget = PageBudget()
  private var hasMore = false
  /// Whether any of its exchanges has attachments to look up.
  private(set) var hasAttachments = false

  private var isFull: Bool {
    exchanges.count >= limit || (!exchanges.isEmpty && (budget + waitingBytes).isSpent)
  }

  init(order: Order, limit: Int) {
    self.order = order
    self.limit = limit
    exchanges.reserveCapacity(min(limit, Self.usualLimit))
  }

  /// To be called in the order of reading, before any row is added.
  mutating func add(failure: StoredExchange) { failures.append(failure) }

  /// Answers whether more rows are wanted.
  mutating func add(_ row: HistoryRow) throws -> Bool {
    let choiceIndex: Int64? = row.choiceIndex
    if choiceIndex == 0 { return place(try exchange(row)) }
    let isInput: Bool = choiceIndex == nil
    if isInput == (order == .oldestFirst) {
      guard !isFull else {
        hasMore = true
        return false
      }
      let message: Message = try row.message()
      waiting.append(message)
      waitingBytes.spend(message)
      return true
    }
    // What belongs to no exchange of the page is the rest of the one that the cursor names.
    guard let last = exchanges.indices.last, exchanges[last].id == (try row.exchangeID()) else { return true }
    let message: Message = try row.message()
    if isInput { exchanges[last].messages.append(message) } else { exchanges[last].choices.append(message) }
    budget.spend(message)
    return true
  }

  mutating func finish() -> ExchangePage {
    while !hasMore, let failure = failures.popFirst() { _ = append(failure) }
    if order == .newestFirst {
      for index in exchanges.indices where exchanges[index].failure == nil && exchanges[index].messages.count > 1 {
        exchanges[index].messages.reverse()
      }
      exchanges.reverse()
    }
    var page = ExchangePage(exchanges: [], hasMore: hasMore, textBytes: budget.spent)
    // Given away, not shared: whoever adds to the page would copy it.
    swap(&page.exchanges, &exchanges)
    return page
  }

  private mutating func exchange(_ row: HistoryRow) throws -> StoredExchange {
    var exchange: StoredExchange = try row.exchange()
    if row.isUnanswered { exchange.messages = [try row.message()] } else { exchange.choices = [try row.message()] }
    if !waiting.isEmpty {
      switch order {
      case .newestFirst: exchange.choices += waiting.reversed()
      case .oldestFirst: exchange.messages = waiting + exchange.messages
      }
    }
    waiting.removeAll(keepingCapacity: true)
    waitingBytes = PageBudget()
    return exchange
  }

  private mutating func place(_ exchange: consuming StoredExchange) -> Bool {
    while !hasMore, let failure = failures.first, isRead(failure.id, before: exchange.id) {
      failures.removeFirst()
      _ = append(failure)
    }
    return append(exchange)
  }

  private func isRead(_ id: UUIDv7, before other: UUIDv7) -> Bool { order == .newestFirst ? id > other : id < other }

  private mutating func append(_ exchange: consuming StoredExchange) -> Bool {
    guard !hasMore, exchanges.count < limit, exchanges.isEmpty || !budget.isSpent else {
      hasMore = true
      return false
    }
    if exchange.attachmentCount > 0 { hasAttachments = true }
    budget.spend(exchange)
    exchanges.append(exchange)
    return true
  }
}

/// How much text a page may hold, so that a page of large exchanges is not a large piece of memory.
struct PageBudget {
  static let bytes = 16 << 20

  private(set) var spent = 0

  var isSpent: Bool { spent >= Self.bytes }

  static func + (left: PageBudget, right: PageBudget) -> PageBudget {
    var sum: PageBudget = left
    sum.spent += right.spent
    return sum
  }

  mutating func spend(_ exchange: StoredExchange) {
    for message in exchange.messages { spend(message) }
    for message in exchange.choices { spend(message) }
    spent += exchange.texts.byteCount + (exchange.request?.count ?? 0)
  }

  mutating func spend(_ message: Message) {
    spent += (message.content?.count ?? 0) + (message.raw?.count ?? 0) + (message.toolCalls?.count ?? 0)
  }
}

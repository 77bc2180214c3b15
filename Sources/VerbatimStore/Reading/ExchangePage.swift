import VerbatimModel

/// Makes a page of exchanges from a conversation's rows, newest first, in one pass.
///
/// The ids of an exchange's rows follow each other without a gap (input messages, then choices), so a row that carries
/// an exchange comes between its further choices and its input messages, and the row that carries the next older one
/// says that all of it has been seen.
struct ExchangePage {
  private let limit: Int
  /// Newest first; the last one may still lack input messages.
  private var exchanges: [StoredExchange] = []
  /// Failures that were not placed yet, newest first.
  private var failures: ArraySlice<StoredExchange> = []
  /// Further choices, last first, of the exchange whose own row has not come yet.
  private var choices: [Message] = []
  private var budget = PageBudget()
  private var hasMore = false

  init(limit: Int) {
    self.limit = limit
    exchanges.reserveCapacity(min(limit, 100))
  }

  /// To be called, newest first, before any row is added.
  mutating func add(failure: StoredExchange) { failures.append(failure) }

  /// Answers whether more rows are wanted.
  mutating func add(_ row: HistoryRow) throws -> Bool {
    let message: Message = row.message()
    switch row.choiceIndex {
    case 0:
      var exchange: StoredExchange = try row.exchange()
      exchange.choices = [message] + choices.reversed()
      choices = []
      placeFailures(newerThan: exchange.id)
      return place(exchange)
    case nil:
      // Without an exchange to belong to, it is one of an exchange that is newer than the page.
      guard !exchanges.isEmpty, exchanges[exchanges.count - 1].id == (try row.exchangeID()) else { return true }
      exchanges[exchanges.count - 1].messages.append(message)
      budget.spend(message)
    default:
      choices.append(message)
    }
    return true
  }

  /// The page, oldest first.
  mutating func finish() -> (exchanges: [StoredExchange], hasMore: Bool) {
    if !hasMore { placeFailures(newerThan: .beforeAll) }
    for index in exchanges.indices where exchanges[index].failure == nil { exchanges[index].messages.reverse() }
    return (exchanges.reversed(), hasMore)
  }

  private mutating func placeFailures(newerThan id: UUIDv7) {
    while !hasMore, let failure = failures.first, failure.id > id {
      failures.removeFirst()
      _ = place(failure)
    }
  }

  private mutating func place(_ exchange: StoredExchange) -> Bool {
    guard !hasMore, exchanges.count < limit, exchanges.isEmpty || !budget.isSpent else {
      hasMore = true
      return false
    }
    exchanges.append(exchange)
    budget.spend(exchange)
    return true
  }
}

/// How much text a page may hold, so that a page of large exchanges is not a large piece of memory.
struct PageBudget {
  static let bytes = 16 << 20

  private var spent = 0

  var isSpent: Bool { spent >= Self.bytes }

  mutating func spend(_ exchange: StoredExchange) {
    for message in exchange.messages { spend(message) }
    for message in exchange.choices { spend(message) }
    spent += (exchange.request?.count ?? 0) + (exchange.inputs?.count ?? 0) + (exchange.metadata?.count ?? 0)
  }

  mutating func spend(_ message: Message) {
    spent += (message.content?.count ?? 0) + (message.raw?.count ?? 0) + (message.toolCalls?.count ?? 0)
  }
}

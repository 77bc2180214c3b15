import VerbatimModel

/// An exchange with everything that its rows need, worked out before it queues, so that the writer only binds.
///
/// A class, since it passes through queue, batch and binding closures, and a value of this size is costly to copy.
final class PendingExchange: Sendable {
  /// What makes a repeat the same exchange.
  struct Claim: Sendable {
    let scope: String
    let key: String
  }

  let exchange: NewExchange
  /// The same as its rows hold it: sealed where a key is set.
  let stored: NewExchange
  let isSealed: Bool
  let accountID: String
  let conversationID: String
  /// The id of the first row; the others follow it one by one.
  let firstID: UUIDv7
  /// The row that carries the exchange.
  let id: UUIDv7
  let createdAt: Int64
  let recordedAt: Int64
  /// When its conversation was changed by it.
  let updatedAt: Int64
  let day: Day
  /// Whoever holds any of them already is the same exchange.
  let claims: [Claim]
  /// What a new conversation would be called, as its row holds it.
  let conversationName: String
  /// For a failure: its input messages and unknown fields as one JSON object, as its row holds it.
  let failedRequest: Bytes?
  let currency: String
  /// Milliseconds.
  let latency: Int64?
  /// Milliseconds.
  let firstTokenLatency: Int64?
  /// About how many bytes its rows take.
  let size: Int

  var isFailure: Bool { exchange.failure != nil }
  var status: String { isFailure ? "error" : exchange.choices.isEmpty ? Self.unanswered : "normal" }
  /// The status of an exchange whose answer was never recorded; its row is its last message.
  static let unanswered = "unanswered"
  /// Messages that stand before the exchange's own row.
  var inputCount: Int { Self.inputCount(of: exchange) }
  /// Rows in `conversation_histories`: none for a failure.
  var rowCount: Int { isFailure ? 0 : exchange.messages.count + exchange.choices.count }
  /// What the counters move by; a provider's absurd figure stays in `usage` and is not counted.
  var promptTokens: Int64 { Self.countable(exchange.promptTokens, Self.countableTokens) ?? 0 }
  var completionTokens: Int64 { Self.countable(exchange.completionTokens, Self.countableTokens) ?? 0 }
  var totalTokens: Int64 {
    Self.countable(exchange.totalTokens, Self.countableTokens) ?? promptTokens + completionTokens
  }

  var price: Int64 { Self.countable(exchange.totalPrice, Self.countablePrices) ?? 0 }

  /// Tokens, and millionths of a price, that counters take; `verify` counts by the same.
  static let countableTokens: ClosedRange<Int64> = IngestLimits.tokens
  static let countablePrices: ClosedRange<Int64> = 0...IngestLimits.price

  private static func countable(_ count: Int64?, _ range: ClosedRange<Int64>) -> Int64? {
    guard let count, range.contains(count) else { return nil }
    return count
  }

  /// What was worked out before the exchange was sealed, and cannot be again.
  struct Sealed {
    var conversationName: String
    var failedRequest: Bytes?
  }

  /// Gives it ids; `now` is the time of receipt.
  convenience init(
    _ exchange: NewExchange, accountID: String, ids: UUIDv7.Generator, calendar: PartitionCalendar, currency: String,
    now: Int64, keys: ContentKeys = .none
  ) {
    let rowCount: Int = exchange.failure != nil ? 1 : exchange.messages.count + exchange.choices.count
    let firstID: UUIDv7 = ids.next(count: rowCount + exchange.attachments.count, at: exchange.createdAt)
    self.init(
      exchange, accountID: accountID, firstID: firstID, calendar: calendar, currency: currency, recordedAt: now,
      keys: keys)
  }

  /// `currency`: of exchanges that name none; `updatedAt`: nil for the time of receipt; `sealed`: of an exchange that is
  /// sealed already.
  init(
    _ exchange: NewExchange, accountID: String, firstID: UUIDv7, calendar: PartitionCalendar, currency: String,
    recordedAt: Int64, updatedAt: Int64? = nil, keys: ContentKeys = .none, sealed: Sealed? = nil
  ) {
    self.exchange = exchange
    self.accountID = accountID
    self.firstID = firstID
    self.recordedAt = recordedAt
    self.updatedAt = updatedAt ?? recordedAt
    self.currency = exchange.currency ?? currency
    let isFailure: Bool = exchange.failure != nil
    let id: UUIDv7 = firstID.adding(UInt64(Self.inputCount(of: exchange)))
    self.id = id
    createdAt = firstID.milliseconds
    day = calendar.day(of: createdAt)
    let conversationID: String = exchange.conversationID ?? firstID.description
    self.conversationID = conversationID
    claims = Self.claims(of: exchange, conversationID: conversationID)
    isSealed = sealed != nil || keys.current != nil
    stored = sealed == nil ? keys.stored(exchange.compacted, firstID: firstID, own: id) : exchange
    conversationName =
      sealed?.conversationName
      ?? keys.sealed(
        Self.name(of: exchange, createdAt: createdAt, calendar: calendar),
        of: ConversationPlace(account: accountID, id: conversationID), .conversationName)
    failedRequest =
      sealed != nil
      ? sealed?.failedRequest : isFailure ? keys.sealed(FailedRequest.encode(exchange), of: id, .request) : nil
    latency = exchange.latency.map(\.wholeMilliseconds)
    firstTokenLatency = exchange.firstTokenLatency.map(\.wholeMilliseconds)
    size = Self.size(of: stored) + (failedRequest?.count ?? 0)
  }

  /// The id of an attachment's row: behind the messages' ids.
  func attachmentID(_ index: Int) -> UUIDv7 { Self.attachmentID(index, of: exchange, firstID: firstID) }

  static func attachmentID(_ index: Int, of exchange: NewExchange, firstID: UUIDv7) -> UUIDv7 {
    let rowCount: Int = exchange.failure != nil ? 0 : exchange.messages.count + exchange.choices.count
    return firstID.adding(UInt64(max(rowCount, 1) + index))
  }

  /// Scopes are tagged and unambiguous: `c:` and the conversation's id; `u:` and app and user, the app's length first;
  /// `i:` for keys that hold in the whole account. An exchange that came without a conversation claims the one that it
  /// was given too, for a repeat may name it. A failed exchange claims nothing of its conversation, or a successful
  /// retry would be lost.
  private static func claims(of exchange: NewExchange, conversationID: String) -> [Claim] {
    var claims: [Claim] = []
    if let key = exchange.clientMessageID, exchange.failure == nil {
      if exchange.conversationID == nil {
        claims.append(Claim(scope: scope(ofApp: exchange.appID, user: exchange.userID), key: key))
      }
      claims.append(Claim(scope: scope(ofConversation: conversationID), key: key))
    }
    if let key = exchange.idempotencyKey { claims.append(Claim(scope: "i:", key: key)) }
    return claims
  }

  static func scope(ofConversation id: String) -> String { "c:" + id }

  static func scope(ofApp app: String, user: String) -> String { "u:\(app.utf8.count):\(app)\(user)" }

  /// The one it came with, the first 80 characters of the first user message, or else seed 003's `Conversation 20250115_103000`.
  static func name(of exchange: NewExchange, createdAt: Int64, calendar: PartitionCalendar) -> String {
    if let name = exchange.conversationName, !name.isEmpty { return name }
    if let first = exchange.messages.first(where: { $0.role == "user" }), let content = first.content {
      let text: String = content.prefixOfCharacters(80).string
      if text.contains(where: { !$0.isWhitespace }) { return text }
    }
    return "Conversation " + calendar.compactTimestamp(of: createdAt)
  }

  static func inputCount(of exchange: NewExchange) -> Int {
    if exchange.failure != nil { return 0 }
    return exchange.choices.isEmpty ? max(0, exchange.messages.count - 1) : exchange.messages.count
  }

  private static func size(of exchange: NewExchange) -> Int {
    var size: Int = 512
    for message in exchange.messages { size += message.storedSize }
    for choice in exchange.choices { size += choice.storedSize }
    size += (exchange.request?.count ?? 0) + (exchange.inputs?.count ?? 0) + (exchange.metadata?.count ?? 0)
    size += (exchange.usage?.count ?? 0) + exchange.attachments.count * 256
    return size
  }
}

extension Message {
  fileprivate var storedSize: Int { (content?.count ?? 0) + (raw?.count ?? 0) + (toolCalls?.count ?? 0) + 256 }
}

extension Duration {
  /// Rounded to the nearest millisecond.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 500_000_000_000_000) / 1_000_000_000_000_000
  }
}

extension Bytes {
  /// At most the first `limit` Unicode scalars of UTF-8 text.
  func prefixOfCharacters(_ limit: Int) -> Bytes {
    var characters: Int = 0
    for index in indices where self[index] & 0xC0 != 0x80 {
      characters += 1
      if characters > limit { return self[startIndex..<index] }
    }
    return self
  }
}

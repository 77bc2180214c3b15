import Databases
import VerbatimModel

/// What is known of a thread up to its head.
private struct KnownThread: Sendable {
  let head: FoundHead
  /// By which the messages up to the head are known; none where they cannot all be read any more.
  let elements: [Bytes]
  let loans: [String: KeptRequest.Loan]
}

/// The conversation that a stateless request goes on with, and where in it.
package struct FoundThread: Sendable {
  package var conversationID: String
  package var place: ThreadPlace
}

extension Store {
  /// A request that says more than this has its older messages stored again rather than looked for.
  private static let mostCandidates = 1000

  /// Finds the conversation whose messages a request repeats.
  ///
  /// What counts as known is the longest beginning of the request that ends with an answer that was recorded, or with the
  /// last message of a request that went on with one: so strangers who begin alike never merge, edits and repeated
  /// questions branch. `conversation`: the one that the client named; only its messages are looked for then. Where nothing
  /// is found, or cannot be now, the whole request is new. Costs one look-up for a request that holds an answer, none for
  /// others, and where one is found the reading of its conversation.
  package func thread(
    of request: ThreadedRequest, account: String, app: String, user: String, conversation: String?
  ) async throws -> FoundThread {
    var (place, candidates) = beginning(of: request, account: account, app: app, user: user)
    let named: String? = conversation
    let longest = Array(candidates.reversed().prefix(Self.mostCandidates))
    guard let known = try await known(longest, account: account, conversation: named) else {
      return FoundThread(conversationID: named ?? newConversationID(), place: place)
    }
    if known.head.count - request.leadingCount == known.elements.count {
      place.parentID = known.head.messageID
      place.knownCount = known.head.count
      place.known = known.elements
      place.loans = known.loans
    }
    return FoundThread(conversationID: known.head.conversationID, place: place)
  }

  /// Of a request whose conversation is not looked for: all of it is new.
  package func newThread(of request: ThreadedRequest, account: String, app: String, user: String) -> ThreadPlace {
    beginning(of: request, account: account, app: app, user: user).place
  }

  /// As a request is placed that goes on with nothing, and the heads of what it might go on with.
  private func beginning(
    of request: ThreadedRequest, account: String, app: String, user: String
  ) -> (place: ThreadPlace, candidates: [(head: UUIDv7, count: Int)]) {
    var place = ThreadPlace()
    place.request = request
    guard let threadKey else { return (place, []) }
    var hash = ThreadHash(key: threadKey, call: request.call, account: account, app: app, user: user)
    var candidates: [(head: UUIDv7, count: Int)] = []
    var holdsAnswer = false
    for (index, message) in request.messages.enumerated() {
      hash.add(message)
      holdsAnswer = holdsAnswer || message.role == "assistant"
      if holdsAnswer { candidates.append((UUIDv7(head: hash.head), index + 1)) }
    }
    place.hash = hash.value
    return (place, candidates)
  }

  /// nil also where the history cannot be read now: that is logged, and no reason not to make the call.
  private func known(
    _ candidates: [(head: UUIDv7, count: Int)], account: String, conversation: String?
  ) async throws -> KnownThread? {
    guard !candidates.isEmpty else { return nil }
    do {
      return try await readKnown(candidates, account: account, conversation: conversation)
    } catch is StoreError {
      return nil
    }
  }

  private func readKnown(
    _ candidates: [(head: UUIDv7, count: Int)], account: String, conversation: String?
  ) async throws -> KnownThread? {
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        guard let head = try connection.head(among: candidates, account: account, conversation: conversation) else {
          return nil
        }
        let rows: ThreadRows? = try connection.threadRows(
          of: head.conversationID, upTo: head.messageID, account: account, within: .account(account), absent: absent,
          calendar, keys)
        return KnownThread(
          head: head, elements: rows?.elements(upTo: head.messageID) ?? [],
          loans: rows?.loans(behind: head.messageID) ?? [:])
      }
    }
  }

  /// What of an exchange is to be stored: without what its thread holds already, and with how it was written.
  func placed(_ exchange: NewExchange) -> NewExchange {
    let redactor: Redactor? = redaction?.redactor(of: exchange.appID)
    guard var thread = exchange.thread else { return redactor?.redacted(exchange) ?? exchange }
    var exchange: NewExchange = exchange
    if exchange.failure == nil {
      exchange.messages.removeFirst(min(thread.knownCount, exchange.messages.count))
      thread.heads = heads(of: exchange, thread)
    } else {
      // Its one row holds everything that was asked.
      thread.parentID = nil
      thread.knownCount = 0
      thread.known = []
      thread.loans = [:]
    }
    if let redactor { exchange = redactor.redacted(exchange) }
    if let request = thread.request { keep(request, thread, redactor, in: &exchange) }
    thread.request = nil
    thread.known = []
    thread.loans = [:]
    exchange.thread = thread
    return exchange
  }

  /// Each answer is one; the last question only where its thread was found, or those who begin alike would merge.
  private func heads(of exchange: NewExchange, _ thread: ThreadPlace) -> [ThreadPlace.Head] {
    guard let threadKey, !thread.hash.isEmpty else { return [] }
    let asked = ThreadHash(key: threadKey, value: thread.hash)
    let count: Int = exchange.messages.count
    var heads: [ThreadPlace.Head] = exchange.choices.enumerated().map { index, choice in
      var hash = asked
      hash.add(choice)
      return ThreadPlace.Head(hash: hash.head, row: count + index)
    }
    if thread.knownCount > 0 && count > 0 { heads.append(ThreadPlace.Head(hash: asked.head, row: count - 1)) }
    return heads
  }

  /// How the request wrote its messages, without what the one before it holds as well.
  private func keep(
    _ request: ThreadedRequest, _ thread: ThreadPlace, _ redactor: Redactor?, in exchange: inout NewExchange
  ) {
    guard var kept = KeptRequest(stored: exchange.request) else { return }
    let leading: Int = thread.knownCount == 0 ? request.leadingCount : 0
    kept.layout = MessageLayout.layout(
      of: request.elements.map { redactor?.json($0) ?? $0 }, gaps: request.gaps,
      known: thread.known + exchange.messages.dropFirst(leading).map(\.json), leading: leading)
    kept.borrow(thread.loans)
    exchange.request = kept.stored
  }

  /// The body of an exchange's request, byte for byte as it was sent but for what was redacted; nil where there is no such
  /// exchange within reach, where it did not come through the gateway, or where what it went on with is gone.
  package func requestBody(of exchange: UUIDv7, in conversation: String, within reach: Reach) async throws -> Bytes? {
    guard let account = reach.account else { return nil }
    let (calendar, keys): (PartitionCalendar, ContentKeys) = (calendar, contentKeys)
    return try await readingHistory { connection, absent in
      try connection.snapshot {
        let rows: ThreadRows? = try connection.threadRows(
          of: conversation, upTo: exchange, account: account, within: reach, absent: absent, calendar, keys)
        guard let rows else { return nil }
        if let body = rows.body(of: exchange) { return body }
        let reading = CompletionReading(reach: reach, calendar: calendar, keys: keys, absentTables: absent)
        return try connection.failedExchange(exchange, of: conversation, reading)?.requestBody
      }
    }
  }
}

extension StoredExchange {
  /// The body of a request that stands in its exchange whole; nil where it did not come through the gateway.
  fileprivate var requestBody: Bytes? {
    guard let kept = KeptRequest(stored: request) else { return nil }
    if kept.isQuestion, let question = messages.first { return kept.body(question: question) }
    let layout = KeptLayout(kept.layout)
    let known: [Bytes] = messages.dropFirst(layout.leading).map(\.json)
    return kept.body(messages: layout.inside(elements: layout.elements(known: known)))
  }
}

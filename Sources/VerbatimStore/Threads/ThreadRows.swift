import Databases
import VerbatimModel

/// A message's row as far as a thread needs it.
struct ThreadRow {
  /// What is read, behind the columns that `HistoryRow.message()` takes.
  static let columns = HistoryRow.messageColumns + #", "request", "parent_id""#
  private static let request = 10
  private static let parent = 11

  let id: UUIDv7
  let exchangeID: UUIDv7
  let parentID: UUIDv7?
  let isInput: Bool
  let message: Message
  /// Of the row that carries its exchange.
  let request: Bytes?

  init(_ row: Row, _ keys: ContentKeys) throws {
    let columns = HistoryRow(row, keys)
    let id: UUIDv7 = try columns.id()
    self.id = id
    exchangeID = try columns.exchangeID()
    isInput = columns.choiceIndex == nil
    message = try columns.message().detached
    parentID = row.id(Self.parent).map { UUIDv7(high: $0.0, low: $0.1) }
    let stored: Bytes? = row.bytes(Self.request).map { Array($0)[...] }
    request = try stored.map { try keys.opened($0, of: id, .request) }
  }

  var json: Bytes { message.json }

  /// What it takes in memory, about.
  var size: Int {
    let texts: [Bytes?] = [message.content, message.raw, message.toolCalls, request]
    return texts.reduce(256) { $0 + ($1?.count ?? 0) }
  }
}

/// The rows of a conversation up to some message, from which every request on the way there can be written again.
struct ThreadRows {
  /// More is not read for the sake of a thread.
  static let mostBytes = 64 << 20

  private var rows: [UUIDv7: ThreadRow] = [:]
  /// By exchange, in the order of their ids.
  private var exchanges: [UUIDv7: [UUIDv7]] = [:]

  mutating func add(_ row: ThreadRow) {
    rows[row.id] = row
    exchanges[row.exchangeID, default: []].append(row.id)
  }

  /// The elements that a request writes which goes on behind this message; nil where a row on the way is gone.
  func elements(upTo message: UUIDv7) -> [Bytes]? {
    guard let way = way(to: message) else { return nil }
    var elements: [Bytes] = []
    for (exchange, end) in way {
      elements = self.elements(of: exchange, behind: elements).elements
      if let row = rows[end], !row.isInput { elements.append(row.json) }
    }
    return elements
  }

  /// Long values that a request need not repeat which goes on behind this message.
  func loans(behind message: UUIDv7) -> [String: KeptRequest.Loan] {
    guard let exchange = rows[message]?.exchangeID, let kept = request(of: exchange) else { return [:] }
    return kept.loans(of: exchange) { request(of: $0) }
  }

  private func request(of exchange: UUIDv7) -> KeptRequest? { KeptRequest(stored: rows[exchange]?.request) }

  /// nil where it borrows what is gone.
  private func wholeRequest(of exchange: UUIDv7) -> KeptRequest? {
    guard let kept = request(of: exchange) else { return nil }
    var lent: [String: Bytes] = [:]
    for (field, lender) in kept.borrowed {
      guard let value = request(of: lender)?.value(of: field) else { return nil }
      lent[field] = value
    }
    return kept.whole(lent)
  }

  /// The body of an exchange's request as it was sent; nil where rows are gone, or it did not come through the gateway.
  func body(of exchange: UUIDv7) -> Bytes? {
    guard let kept = wholeRequest(of: exchange) else { return nil }
    guard let first = firstRow(of: exchange) else { return nil }
    if kept.isQuestion { return kept.body(question: first.message) }
    var before: [Bytes] = []
    if let parent = first.parentID {
      guard let known = elements(upTo: parent) else { return nil }
      before = known
    }
    let (elements, layout) = elements(of: exchange, behind: before)
    return kept.body(messages: layout.inside(elements: elements))
  }

  /// Exchanges from the thread's beginning on, each with the message that is answered next.
  private func way(to message: UUIDv7) -> [(exchange: UUIDv7, end: UUIDv7)]? {
    var way: [(exchange: UUIDv7, end: UUIDv7)] = []
    var next: UUIDv7? = message
    while let end = next {
      guard let row = rows[end], let first = firstRow(of: row.exchangeID) else { return nil }
      way.append((row.exchangeID, end))
      // Whoever damaged the rows may have made them a circle.
      guard way.count <= exchanges.count else { return nil }
      next = first.parentID
    }
    return way.reversed()
  }

  private func firstRow(of exchange: UUIDv7) -> ThreadRow? { exchanges[exchange]?.first.flatMap { rows[$0] } }

  private func elements(
    of exchange: UUIDv7, behind before: [Bytes]
  ) -> (elements: [Bytes], layout: KeptLayout) {
    let layout = KeptLayout(request(of: exchange)?.layout)
    let own: [Bytes] = (exchanges[exchange] ?? []).compactMap { rows[$0] }.filter(\.isInput).map(\.json)
    let known: [Bytes] = before + (before.isEmpty ? own.dropFirst(layout.leading) : own[...])
    return (layout.elements(known: known), layout)
  }
}

extension Message {
  /// In OpenAI form.
  var json: Bytes {
    var writer = JSONWriter()
    writer.message(self)
    return writer.bytes[...]
  }

  /// Without the buffer of the row that it was read from.
  fileprivate var detached: Message {
    var message = self
    message.content = content.map { Array($0)[...] }
    message.raw = raw.map { Array($0)[...] }
    message.toolCalls = toolCalls.map { Array($0)[...] }
    return message
  }
}

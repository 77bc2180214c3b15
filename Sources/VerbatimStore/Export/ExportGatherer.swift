import Databases
import VerbatimModel

/// Puts rows in the order of their ids together to the exchanges that an export wants, until there are enough of them:
/// plain state.
///
/// The ids of an exchange's rows follow each other: input messages, its own row, further choices.
struct ExportGatherer {
  private static let pageCount = 1_000
  static let pageBytes = 1 << 20
  /// Rows that are looked at for one page, whatever of them is wanted.
  private static let pageRows = 20_000

  private let selection: ExportSelection
  private let keys: ContentKeys
  /// What `batch` must be of certain exchanges; nil: what the selection says.
  private let batches: [UUIDv7: Int64]?
  private var current: UUIDv7?
  private var isWanted = false
  /// Of the current exchange, whose own row has not come yet.
  private var waiting: [Message] = []
  private(set) var bytes = 0
  private var rows = 0
  private(set) var exchanges: [ExportedExchange] = []
  /// The last row of a whole exchange, or of one that is not wanted.
  private(set) var lastID: UUIDv7?

  init(_ selection: ExportSelection, keys: ContentKeys, batches: [UUIDv7: Int64]? = nil) {
    self.selection = selection
    self.keys = keys
    self.batches = batches
  }

  var isFull: Bool { exchanges.count >= Self.pageCount || bytes >= Self.pageBytes || rows >= Self.pageRows }

  mutating func forgetLast() { lastID = nil }

  /// Takes a row of `columns`, of messages or of failures; answers whether more are wanted. One of the next exchange is
  /// not taken once there are enough.
  mutating func add(_ row: Row, isFailure: Bool) throws -> Bool {
    let history = HistoryRow(row, keys)
    let id: UUIDv7 = try history.exchangeID()
    if id != current {
      if isFull { return false }
      current = id
      isWanted = true
      waiting.removeAll(keepingCapacity: true)
    }
    lastID = try history.id()
    rows += 1
    guard isWanted else { return true }
    if isFailure {
      try place(row, try history.failedExchange(), columns: Self.failureColumnCount)
    } else {
      try add(history, row)
    }
    return true
  }

  private mutating func add(_ history: HistoryRow, _ row: Row) throws {
    guard let choice = history.choiceIndex else {
      let message: Message = try history.message()
      waiting.append(message)
      return
    }
    guard choice == 0 else {
      guard let last = exchanges.indices.last else { return }
      let message: Message = try history.message()
      spend(message)
      return exchanges[last].exchange.choices.append(message)
    }
    var exchange: StoredExchange = try history.exchange()
    let isUnanswered: Bool = history.isUnanswered
    if isUnanswered {
      exchange.messages = waiting + [try history.message()]
    } else {
      exchange.messages = waiting
      exchange.choices = [try history.message()]
    }
    waiting.removeAll(keepingCapacity: true)
    try place(row, exchange, columns: Self.columnCount)
  }

  private mutating func place(_ row: Row, _ exchange: StoredExchange, columns: Int) throws {
    isWanted = isSelected(exchange, batch: row.optionalInteger(columns + 1))
    guard isWanted else { return }
    for message in exchange.messages { spend(message) }
    for message in exchange.choices { spend(message) }
    bytes += exchange.texts.byteCount + (exchange.request?.count ?? 0)
    exchanges.append(ExportedExchange(account: row.text(columns), exchange: exchange))
  }

  private func isSelected(_ exchange: StoredExchange, batch: Int64?) -> Bool {
    if let batches {
      guard let batch, batches[exchange.id] == batch else { return false }
    } else {
      guard selection.contains(batch: batch) else { return false }
    }
    if let model = selection.model, !exchange.modelName.utf8.elementsEqual(model.utf8) { return false }
    guard let status = selection.status else { return true }
    let own: ExportSelection.Status =
      exchange.failure != nil ? .error : exchange.choices.isEmpty ? .unanswered : .normal
    return own == status
  }

  private mutating func spend(_ message: Message) {
    bytes += (message.content?.count ?? 0) + (message.raw?.count ?? 0) + (message.toolCalls?.count ?? 0)
  }

  // MARK: Columns

  private static let columnCount = HistoryRow.columns.split(separator: ",").count
  private static let failureColumnCount = columnCount + 2

  /// Those of `HistoryRow`, and behind them `account_id` and `batch`.
  static func columns(isFailure: Bool) -> String {
    HistoryRow.columns + (isFailure ? ", error_code, error_message" : "") + ", account_id, batch"
  }
}

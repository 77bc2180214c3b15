import VerbatimModel

/// Rows of a table of messages, gathered into exchanges: what was asked, and the answer that closes it.
///
/// Rows of several conversations stand between each other, so exchanges stay open until their answer comes. What is
/// made of a sequence of rows depends on the sequence alone, never on where reading paused, so the same rows give the
/// same exchanges again. Bounded: when too much is open, the oldest exchange is taken for unanswered.
struct LegacyGrouping {
  struct Group: Sendable {
    var rows: [LegacyRow]
    /// Whether its last row is what the model answered.
    var isAnswered = false
    fileprivate var size = 0

    fileprivate init(_ row: LegacyRow) {
      rows = [row]
      size = row.size
    }

    fileprivate mutating func append(_ row: LegacyRow) {
      rows.append(row)
      size += row.size
    }
  }

  /// What a row is to the exchange that is open in its conversation.
  private enum Part {
    /// An exchange by itself.
    case whole
    /// The first message of a request; what is open was never answered.
    case beginning
    case asked
    case answer
  }

  private static let openGroups = 500
  private static let openRows = 20_000
  private static let openSize = 4 << 20
  private static let rowsOfGroup = 10_000

  private var open: [[Bytes?]: Group] = [:]
  private var rowCount = 0
  private var size = 0

  /// Rows that wait for an answer, by id.
  var openIDs: [Int64] { open.values.flatMap { $0.rows.compactMap { $0.integer("id") } }.sorted() }

  /// Answers the exchanges that the row completes.
  mutating func add(_ row: LegacyRow) -> [Group] {
    var done: [Group] = []
    let key: [Bytes?] = row.conversation
    switch Self.part(row) {
    case .whole: return [Group(row)]
    case .beginning:
      if let unanswered = close(key) { done.append(unanswered) }
      put(row, key)
    case .asked: put(row, key)
    case .answer:
      put(row, key)
      if var group = close(key) {
        group.isAnswered = true
        done.append(group)
      }
    }
    if let group = open[key], group.rows.count >= Self.rowsOfGroup, let full = close(key) { done.append(full) }
    while open.count > Self.openGroups || rowCount > Self.openRows || size > Self.openSize, let group = closeOldest() {
      done.append(group)
    }
    return done
  }

  /// What is open when there are no more rows: it was never answered.
  mutating func finish() -> [Group] {
    var done: [Group] = []
    while let group = closeOldest() { done.append(group) }
    return done
  }

  /// What is open and ends at or before an id.
  mutating func finish(upTo id: Int64) -> [Group] {
    let old: [[Bytes?]] = open.filter { ($0.value.rows.last?.integer("id") ?? 0) <= id }.map(\.key)
    return old.compactMap { close($0) }.sorted { Self.firstID($0) < Self.firstID($1) }
  }

  private mutating func put(_ row: LegacyRow, _ key: [Bytes?]) {
    rowCount += 1
    size += row.size
    if open[key]?.append(row) == nil { open[key] = Group(row) }
  }

  private mutating func close(_ key: [Bytes?]) -> Group? {
    guard let group = open.removeValue(forKey: key) else { return nil }
    rowCount -= group.rows.count
    size -= group.size
    return group
  }

  private mutating func closeOldest() -> Group? {
    open.min { Self.firstID($0.value) < Self.firstID($1.value) }.flatMap { close($0.key) }
  }

  private static func firstID(_ group: Group) -> Int64 { group.rows.first?.integer("id") ?? 0 }

  /// New API names the messages of a request `<conversation>_user_<place>`, whatever their role, and the answer
  /// `<conversation>_assistant_<time>`; where there is no such name the role decides.
  private static func part(_ row: LegacyRow) -> Part {
    let role: String? = row.text("role")
    guard row.table.content == .history || row.table.content == .messages, role != "conversation",
      row["raw_json"] == nil, let conversation = row.text("conversation_id"), !conversation.isEmpty
    else { return .whole }
    if let id = row.text("message_id"), id.hasPrefix(conversation) {
      let name = id.dropFirst(conversation.count)
      if name == "_user_0" { return .beginning }
      if name.hasPrefix("_user_") { return .asked }
      if name.hasPrefix("_assistant_") { return .answer }
    }
    return role == "assistant" ? .answer : .asked
  }
}

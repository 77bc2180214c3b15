import VerbatimModel

/// What the rows of one conversation come to.
struct ConversationSums: Equatable {
  var exchanges: Int64 = 0
  var messages: Int64 = 0
  var errors: Int64 = 0
  var tokens: Int64 = 0
  var price: Int64 = 0
  /// Of its first and its last exchange, failures included; nil without any.
  var times: ClosedRange<Int64>?

  mutating func add(_ other: ConversationSums) {
    exchanges += other.exchanges
    messages += other.messages
    errors += other.errors
    tokens.addBounded(other.tokens)
    price.addBounded(other.price)
    guard let added = other.times else { return }
    guard let times else { return self.times = added }
    self.times = min(times.lowerBound, added.lowerBound)...max(times.upperBound, added.upperBound)
  }
}

/// A conversation's counters against its rows.
struct CountedConversation {
  let accountID: String
  let id: String
  /// As the row in `conversations` says.
  let counted: ConversationSums
  /// Whether it may have had rows on a day that was dropped: then the counters, which keep what was, may exceed the rows.
  let mayHaveLostRows: Bool
  /// Whether its times may be its own, since Verbatim took it over or it was made before anything was said in it: it may
  /// have begun before its first exchange and been active after its last.
  let hasOwnTimes: Bool

  private var name: String { "\(accountID)/\(id)" }

  /// What is wrong, a line each.
  func findings(_ rows: ConversationSums) -> [String] {
    var findings: [String] = []
    if counted.exchanges > 0 || counted.messages > 0, rows.messages == 0 {
      if !mayHaveLostRows {
        findings.append(
          "conversations without rows: \(name) counts \(counted.exchanges) exchanges and \(counted.messages) messages, "
            + "holds none")
      }
    } else if differs(counted.exchanges, rows.exchanges) || differs(counted.messages, rows.messages) {
      findings.append(
        "counters of conversations: \(name) holds \(rows.exchanges) exchanges and \(rows.messages) messages, counted as "
          + "\(counted.exchanges) and \(counted.messages)")
    }
    if differs(counted.errors, rows.errors) {
      findings.append(
        "error counters of conversations: \(name) error_count is \(counted.errors), the error history holds "
          + "\(rows.errors)")
    }
    guard let times = rows.times else { return findings }
    if differs(counted.tokens, rows.tokens) || differs(counted.price, rows.price) || !isWithin(times) {
      findings.append(
        "sums and times of conversations: \(name) says \(Self.text(counted)), the rows hold \(Self.text(rows))")
    }
    return findings
  }

  private func differs(_ counted: Int64, _ rows: Int64) -> Bool {
    mayHaveLostRows ? counted < rows : counted != rows
  }

  private func isWithin(_ times: ClosedRange<Int64>) -> Bool {
    guard let counted = counted.times else { return false }
    guard mayHaveLostRows || hasOwnTimes else { return counted == times }
    return counted.lowerBound <= times.lowerBound && times.upperBound <= counted.upperBound
  }

  private static func text(_ sums: ConversationSums) -> String {
    "\(sums.tokens) tokens, price \(sums.price), from \(sums.times.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "never")"
  }
}

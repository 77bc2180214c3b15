import Databases
import VerbatimModel

/// The history in the order of its commits, for whoever follows it: exports of what came since, the search index.
///
/// Ids order by creation and not by commit; writers, replicas, the journal and back-filled records commit out of order.
/// So each transaction enters its exchanges under a number, drawn before its commit. A number that is not there while a
/// greater one is may belong to a transaction under way, or to nobody. Which of the two is not guessed from the time:
/// the number is taken by an entry of nothing, and that waits for the transaction that holds it. Afterwards either the
/// transaction's entry is there, or ours is, and who comes late with the number meets it and draws another.
extension Store {
  /// Numbers that are looked at, or closed, at once.
  private static let numbersAtOnce = 10_000
  private static let closedAtOnce = 100

  /// What was committed after a position, at most `limit` transactions; 0 is the beginning. Nothing that is committed
  /// later is ever put before the page's position. Where the next transaction is under way for long, the page ends
  /// before it.
  package func feed(after position: Int64, limit: Int = 100) async throws -> FeedPage {
    while true {
      let (floor, found): (Int64, [FeedEntry]) = try await reading { connection in
        try connection.snapshot {
          let floor: Int64 = try connection.feedFloor()
          return (floor, try connection.batches(after: max(position, floor), limit: limit))
        }
      }
      let start: Int64 = max(position, floor)
      let entries: [FeedEntry] = settled(found, after: start)
      if let last = entries.last {
        return FeedPage(
          entries: entries.filter { !$0.exchanges.isEmpty }, position: last.number,
          hasMore: entries.count < found.count || found.count == limit)
      }
      guard let next = found.first?.number, try await close(start + 1..<next) else {
        return FeedPage(entries: [], position: start, hasMore: false)
      }
    }
  }

  /// A position that nothing committed later lies up to, and everything does that was committed before now; but for what
  /// follows a transaction that is under way for long.
  package func feedEnd() async throws -> Int64 {
    let begun: Int64 = try await reading { max(try $0.feedFloor(), try $0.number(of: .feedSettled)) }
    guard let newest = try await reading({ try $0.newestBatch() }) else { return begun }
    guard dialect.isServer else { return newest }
    var position: Int64 = begun
    if try await reading({ try $0.batchCount(after: begun, upTo: newest) }) == newest - begun { position = newest }
    while position < newest {
      let start: Int64 = position
      let numbers: [Int64] = try await reading { connection in
        try connection.batchNumbers(after: start, limit: Self.numbersAtOnce)
      }
      position = zip(numbers, (start + 1)...).prefix { $0 == $1 }.last?.0 ?? start
      guard position == start, let first = numbers.first else { continue }
      guard try await close(start + 1..<first) else { break }
    }
    try await noteSettled(position, since: begun)
    return position
  }

  /// So that the next does not look at all numbers again.
  private func noteSettled(_ position: Int64, since begun: Int64) async throws {
    guard position - begun >= Self.numbersAtOnce else { return }
    try await writing { try $0.setSetting(.feedSettled, to: "\(position)") }
  }

  /// The entries that follow a position without a number left out. A file has one writer, so nothing is under way behind
  /// what can be read: numbers that are missing came with a copy.
  private func settled(_ entries: [FeedEntry], after position: Int64) -> [FeedEntry] {
    guard dialect.isServer else { return entries }
    return zip(entries, (position + 1)...).prefix { $0.number == $1 }.map(\.0)
  }

  /// Settles the first of these numbers; answers whether it could.
  private func close(_ numbers: Range<Int64>) async throws -> Bool {
    let some: Range<Int64> = numbers.lowerBound..<min(numbers.upperBound, numbers.lowerBound + Int64(Self.closedAtOnce))
    do {
      try await database.writer.run { try $0.closeNumbers(some) }
      return true
    } catch let error as DatabaseError where error.kind == .conflict {
      return false
    }
  }
}

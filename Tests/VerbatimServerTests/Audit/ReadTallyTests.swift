import Testing
import VerbatimModel
import VerbatimStore

@testable import VerbatimServer

@Suite struct ReadTallyTests {
  private let minute: Int64 = 60_000

  private func read(_ conversation: String = "c", at time: Int64 = 0, by actor: String = "alice") -> AuditEntry {
    AuditEntry(
      id: .lowest(at: time), action: "conversation.read", actor: actor, key: "k", account: "alice",
      conversation: conversation)
  }

  @Test func `reads of one actor, conversation and minute share a row`() {
    var tally = ReadTally(capacity: 10)
    let reads = [0, 1, 59_999].map { read(at: $0) } + [read(at: minute), read("d"), read(by: "bob")]
    let areTaken = reads.map { tally.note($0) }
    #expect(areTaken == Array(repeating: true, count: 6))
    #expect(tally.waiting(limit: 10).map(\.count).sorted() == [1, 1, 1, 3])
  }

  @Test func `texts that only look the same are two`() {
    var tally = ReadTally(capacity: 10)
    for id in ["\u{e9}", "e\u{301}"] { _ = tally.note(read(id)) }
    #expect(tally.waiting(limit: 10).count == 2)
  }

  @Test func `what has grown while it was written waits again, in the same row`() throws {
    var tally = ReadTally(capacity: 10)
    _ = tally.note(read())
    let written = tally.waiting(limit: 10)
    _ = tally.note(read(at: 1))
    tally.wrote(written, at: 1)
    let waiting = tally.waiting(limit: 10)
    #expect(waiting.map(\.id) == written.map(\.id))
    #expect(waiting.map(\.count) == [2])
    tally.wrote(waiting, at: 2)
    #expect(tally.unwrittenCount == 0)
    _ = tally.note(read(at: 3))
    #expect(tally.waiting(limit: 10).map(\.count) == [3], "the minute is not over")
  }

  @Test func `where too many wait, another is refused, and one that waits already is not`() {
    var tally = ReadTally(capacity: 2)
    let areTaken = [read("a"), read("b"), read("c"), read("a", at: 1)].map { tally.note($0) }
    #expect(areTaken == [true, true, false, true])
    tally.wrote(tally.waiting(limit: 1), at: 2)
    let isTaken = tally.note(read("c"))
    #expect(isTaken)
  }
}

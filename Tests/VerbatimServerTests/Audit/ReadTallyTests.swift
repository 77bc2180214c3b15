import Testing
import VerbatimModel
import VerbatimStore

@testable import VerbatimServer

@Suite struct ReadTallyTests {
  private static let minute: Int64 = 60_000

  private struct Reader {
    var tally: ReadTally
    private var lastID: Int64 = 0

    init(capacity: Int = 100) { tally = ReadTally(capacity: capacity) }

    mutating func read(_ conversation: String = "c", at time: Int64 = 0, by actor: String = "alice") -> Bool {
      let subject = AuditSubject(
        action: .conversationRead, actor: actor, key: "k", account: "alice", conversation: conversation,
        address: "192.0.2.1", detail: nil)
      lastID += 1
      let id = UUIDv7.lowest(at: lastID)
      return tally.note(subject, at: time, request: "r", id: { id })
    }

    mutating func write(limit: Int = 100, isAll: Bool = false) -> [AuditEntry] {
      let batch = tally.waiting(limit: limit, isAll: isAll)
      _ = tally.wrote(batch)
      return batch.entries
    }
  }

  @Test func `reads of one actor, conversation and minute share a row`() {
    var reader = Reader()
    var areTaken = [0, 1, 59_999].map { reader.read(at: $0) }
    areTaken += [reader.read("d"), reader.read(by: "bob"), reader.read(at: Self.minute)]
    #expect(areTaken == Array(repeating: true, count: 6))
    let rows = reader.write()
    #expect(rows.map(\.count).sorted() == [1, 1, 1, 3])
  }

  @Test func `texts that only look the same are two`() {
    var reader = Reader()
    let areTaken = ["\u{e9}", "e\u{301}"].map { reader.read($0) }
    #expect(areTaken == [true, true])
    let rows = reader.write()
    #expect(rows.count == 2)
  }

  @Test func `a row is written once in its minute, and once with its last count when that is over`() {
    var reader = Reader()
    _ = reader.read()
    let first = reader.write()
    #expect(first.map(\.count) == [1])
    _ = reader.read(at: 1)
    let early = reader.write()
    #expect(early.isEmpty)
    _ = reader.read("d", at: Self.minute)
    let then = reader.write()
    #expect(then.map(\.conversation) == ["d", "c"])
    #expect(then.map(\.count) == [1, 2])
    #expect(then.last?.id == first.first?.id)
    let rest = reader.write(isAll: true)
    #expect(rest.isEmpty)
  }

  @Test func `what has grown is written at once where all is asked for`() {
    var reader = Reader()
    _ = reader.read()
    _ = reader.write()
    _ = reader.read(at: 1)
    let all = reader.write(isAll: true)
    #expect(all.map(\.count) == [2])
    let rest = reader.write(isAll: true)
    #expect(rest.isEmpty)
  }

  @Test func `what has grown while it was written waits again`() {
    var reader = Reader()
    _ = reader.read()
    let batch = reader.tally.waiting(limit: 10)
    _ = reader.read(at: 1)
    _ = reader.tally.wrote(batch)
    let rows = reader.write(isAll: true)
    #expect(rows.map(\.count) == [2])
  }

  @Test func `two that write at once leave nothing behind`() {
    var reader = Reader()
    for conversation in ["a", "b", "c"] { _ = reader.read(conversation) }
    let batches = [reader.tally.waiting(limit: 3), reader.tally.waiting(limit: 3)]
    _ = reader.read("d", at: Self.minute)
    for batch in batches { _ = reader.tally.wrote(batch) }
    let rows = reader.write()
    #expect(rows.map(\.conversation) == ["d"])
    let rest = reader.write(isAll: true)
    #expect(rest.isEmpty)
  }

  @Test func `many are written piece by piece, those of this minute first`() {
    var reader = Reader()
    for number in 0..<5 { _ = reader.read("old \(number)") }
    for number in 0..<5 { _ = reader.read("new \(number)", at: Self.minute) }
    var pieces: [[String]] = []
    while case let piece = reader.write(limit: 4).compactMap(\.conversation), !piece.isEmpty { pieces.append(piece) }
    #expect(pieces.map(\.count) == [4, 4, 2])
    #expect(pieces.joined().prefix(5).allSatisfy { $0.hasPrefix("new") })
    #expect(Set(pieces.joined()).count == 10)
  }

  @Test func `where too many wait, another is refused, and one that is counted already is not`() {
    var reader = Reader(capacity: 4)
    let areTaken = ["a", "b", "c", "d", "e", "d"].map { reader.read($0) }
    #expect(areTaken == [true, true, true, true, false, true])
    let rows = reader.write()
    #expect(rows.map(\.count) == [1, 2, 1, 1])
    let isTaken = reader.read("e")
    #expect(isTaken, "what was counted before the last half is forgotten when it is written")
  }
}

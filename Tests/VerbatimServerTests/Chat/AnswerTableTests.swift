import Providers
import Testing
import VerbatimModel

@testable import VerbatimServer

@Suite struct AnswerTableTests {
  private let now = ContinuousClock.now

  private func answer(_ text: String) throws -> CachedAnswer {
    var answer = Answer()
    answer.choices = [Message(role: "assistant", content: Bytes(utf8: text), contentKind: .text)]
    answer.finishReason = "stop"
    return try #require(CachedAnswer(answer, from: "p"))
  }

  @Test func `what was not used for the longest time goes first`() throws {
    var table = AnswerTable(capacity: 3, bytes: 1 << 20, lifetime: .seconds(10))
    for key in ["a", "b", "c"] { table.keep(try answer(key), for: key, at: now) }
    _ = table.answer(for: "a", at: now)
    table.keep(try answer("d"), for: "d", at: now)
    #expect(["a", "b", "c", "d"].filter { table.answer(for: $0, at: now) != nil } == ["a", "c", "d"])
    table.keep(try answer("e"), for: "e", at: now)
    #expect(table.answer(for: "a", at: now) == nil)
    #expect(table.count == 3)
  }

  @Test func `bytes are bounded, and one that is large alone is not kept`() throws {
    let one = try answer(String(repeating: "x", count: 100))
    var table = AnswerTable(capacity: 1000, bytes: one.byteCount * 20, lifetime: .seconds(10))
    for index in 0..<100 {
      table.keep(one, for: "\(index)", at: now)
      #expect(table.byteCount == table.count * one.byteCount)
    }
    #expect(table.count == 20)
    table.keep(try answer(String(repeating: "x", count: one.byteCount * 3)), for: "large", at: now)
    #expect(table.answer(for: "large", at: now) == nil && table.count == 20)
    for index in 80..<100 { table.keep(one, for: "\(index)", at: now) }
    #expect(table.count == 20)
  }

  @Test func `an answer has its time`() throws {
    var table = AnswerTable(capacity: 3, bytes: 1 << 20, lifetime: .seconds(10))
    table.keep(try answer("a"), for: "a", at: now)
    #expect(table.answer(for: "a", at: now + .seconds(9)) != nil)
    #expect(table.answer(for: "a", at: now + .seconds(10)) == nil)
    #expect(table.count == 0 && table.byteCount == 0)
  }
}

import Testing
import VerbatimModel

@testable import VerbatimStore

@Suite struct OwnWritesTests {
  private let conversation = OwnWrites.Conversation("c", account: "a")
  private let other = OwnWrites.Conversation("d", account: "a")
  private let now = ContinuousClock.now

  private func id(_ number: UInt64) -> UUIDv7 { UUIDv7.lowest(at: 1).adding(number) }

  @Test func `a conversation needs the newest of its writes until that is there`() {
    var writes = OwnWrites(capacity: 10)
    writes.note(id(1), in: conversation, before: 0, at: now)
    writes.note(id(2), in: conversation, before: 1, at: now)
    #expect(writes.exchange(neededFor: conversation) == id(2))
    #expect(writes.exchange(neededFor: other) == nil)
    writes.confirm(id(1), in: conversation)
    #expect(writes.exchange(neededFor: conversation) == id(2))
    writes.confirm(id(2), in: conversation)
    #expect(writes.exchange(neededFor: conversation) == nil)
  }

  @Test func `what was acknowledged before an exchange was handed in is there with it, and nothing else`() throws {
    var writes = OwnWrites(capacity: 10)
    writes.note(id(1), in: conversation, before: 0, at: now)
    // Handed in at the same time as the first, so either may have been committed first.
    writes.note(id(2), in: other, before: 0, at: now)
    let first = try #require(writes.probe)
    writes.confirm(first)
    #expect(writes.exchange(neededFor: conversation) == id(1))
    #expect(writes.exchange(neededFor: other) == id(2))

    writes.note(id(3), in: OwnWrites.Conversation("e", account: "a"), before: 2, at: now)
    writes.confirm(try #require(writes.probe))
    #expect(writes.exchange(neededFor: conversation) == nil)
    #expect(writes.exchange(neededFor: other) == nil)
    #expect(writes.probe == nil)
  }

  @Test func `a repeat vouches for nothing, and takes no place of a newer write`() throws {
    var writes = OwnWrites(capacity: 10)
    writes.note(id(1), in: other, before: 0, isRepeat: true, at: now)
    #expect(writes.probe == nil)
    #expect(writes.exchange(neededFor: other) == id(1))
    writes.note(id(3), in: conversation, before: 1, at: now)
    writes.note(id(2), in: conversation, before: 2, isRepeat: true, at: now)
    #expect(writes.exchange(neededFor: conversation) == id(3))
    #expect(try #require(writes.probe).exchangeID == id(3))
  }

  @Test func `an exchange that is nowhere any more vouches for nothing`() throws {
    var writes = OwnWrites(capacity: 1)
    writes.note(id(1), in: conversation, before: 0, at: now)
    writes.note(id(2), in: other, before: 1, at: now)
    writes.confirm(try #require(writes.probe))
    writes.note(id(3), in: conversation, before: 2, at: now)
    let lost = try #require(writes.probe)
    writes.giveUp(lost)
    #expect(writes.probe == nil)
    #expect(writes.exchange(neededFor: conversation) == id(3))
    #expect(writes.isOverflown)
    writes.note(id(4), in: conversation, before: 3, at: now)
    #expect(try #require(writes.probe).exchangeID == id(4))
    writes.giveUp(lost)
    #expect(writes.probe != nil)
  }

  @Test func `past its capacity it says so until that is confirmed`() throws {
    var writes = OwnWrites(capacity: 1)
    writes.note(id(1), in: conversation, before: 0, at: now)
    writes.note(id(2), in: other, before: 1, at: now)
    #expect(writes.isOverflown)
    writes.confirm(try #require(writes.probe))
    #expect(writes.isOverflown)
    writes.note(id(3), in: conversation, before: 2, at: now)
    writes.confirm(try #require(writes.probe))
    #expect(!writes.isOverflown)
  }
}

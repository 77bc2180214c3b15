import Synchronization
import Testing

@testable import VerbatimModel

@Suite struct UUIDv7Tests {
  /// RFC 9562, appendix A.6.
  private let sample = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"

  @Test func `The example of the RFC is read and written`() throws {
    let id = try #require(UUIDv7(sample))
    #expect(id.description == sample)
    #expect(id.milliseconds == 1_645_557_742_000)
    #expect(
      id.bytes == [0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3, 0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f])
    #expect(UUIDv7(bytes: id.bytes) == id)
    #expect(UUIDv7(sample.uppercased()) == id)
  }

  @Test(arguments: [
    "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-58c4-dc0c0c07398f",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2x79b0-7cc3-98c4-dc0c0c07398f",
    "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    "０17f22e2-79b0-7cc3-98c4-dc0c0c07", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\0",
    "017f22e2-79b0-7cc3-98c4--c0c0c07398f",
  ])
  func `Anything else is no id`(text: String) {
    #expect(UUIDv7(text) == nil)
  }

  @Test func `Bytes of another length or version are no id`() {
    #expect(UUIDv7(bytes: [UInt8](repeating: 0, count: 16)) == nil)
    #expect(UUIDv7(bytes: [UInt8](repeating: 0x70, count: 15)) == nil)
    #expect(UUIDv7(bytes: []) == nil)
  }

  @Test func `Counting on carries past version and variant`() {
    let full = UUIDv7(milliseconds: 5, highTail: 0x0ff, lowTail: .max)
    #expect(full.adding(1) == UUIDv7(milliseconds: 5, highTail: 0x100, lowTail: 0))
    #expect(full.adding(0) == full)
    #expect(UUIDv7.lowest(at: 5).adding(.max) == UUIDv7(milliseconds: 5, highTail: 3, lowTail: .max))
    #expect(full.adding(.max) == UUIDv7(milliseconds: 5, highTail: 0x103, lowTail: UInt64.max - 1))
    #expect(UUIDv7(milliseconds: 5, highTail: .max, lowTail: .max).adding(1) == .lowest(at: 6))
  }

  @Test func `A millisecond's ids lie between its bounds`() throws {
    let id = try #require(UUIDv7(sample))
    #expect(UUIDv7.lowest(at: id.milliseconds) <= id && id < .lowest(at: id.milliseconds + 1))
    #expect(UUIDv7.lowest(at: -1).milliseconds == 0)
    #expect(UUIDv7.lowest(at: .max).milliseconds == UUIDv7.maximumMilliseconds)
  }

  @Test func `Ids ascend while the clock stands, runs and steps back`() {
    let times = Mutex<[Int64]>([100, 100, 100, 90, 50, 101, 101, 99, 102, 1])
    let generator = UUIDv7.Generator { times.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] } }
    var last = UUIDv7.lowest(at: 0)
    for count in [1, 10_001, 1, 2, 1, 1, 50, 1, 1, 1, 1] {
      let first = generator.next(count: count)
      #expect(last < first)
      #expect(first.adding(UInt64(count - 1)).milliseconds == first.milliseconds)
      last = first.adding(UInt64(count - 1))
    }
    #expect(last.milliseconds == 102)
  }

  @Test func `A tail without room borrows the next millisecond`() {
    let generator = UUIDv7.Generator(clock: { 7 }, random: { .max })
    let first = generator.next()
    #expect(first == UUIDv7(milliseconds: 7, highTail: 0x7ff, lowTail: .max))
    let huge = generator.next(count: .max)
    #expect(huge.milliseconds == 7)
    var last = huge
    for _ in 0..<1100 {
      let next = generator.next(count: .max)
      #expect(next > last)
      last = next
    }
    #expect(last.milliseconds == 8)
  }

  @Test func `Back-filled ids have their time and leave the others alone`() {
    let generator = UUIDv7.Generator { 1000 }
    let before = generator.next()
    let old = generator.next(count: 10_000, at: 400)
    #expect(old.milliseconds == 400)
    #expect(old.adding(9999).milliseconds == 400)
    #expect(generator.next(at: 2000).milliseconds == 2000)
    let after = generator.next()
    #expect(before < after && after.milliseconds == 1000)
  }

  @Test func `Ids are unique among tasks`() async {
    let generator = UUIDv7.Generator()
    let ids = await withTaskGroup(of: [UUIDv7].self) { group in
      for _ in 0..<8 { group.addTask { (0..<1000).map { _ in generator.next() } } }
      return await group.reduce(into: Set<UUIDv7>()) { $0.formUnion($1) }
    }
    #expect(ids.count == 8000)
  }
}

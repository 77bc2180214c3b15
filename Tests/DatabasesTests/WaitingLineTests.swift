import Testing

@testable import Databases

@Suite struct WaitingLineTests {
  private typealias Line = WaitingLine<String, Int>

  private func describe(_ arrival: Line.Arrival) -> String {
    switch arrival {
    case .take(let resource): "take \(resource)"
    case .open: "open"
    case .wait: "wait"
    case .closed: "closed"
    }
  }

  @Test func `resources are opened up to the capacity, then one waits`() {
    var line = Line(capacity: 2)
    #expect((0..<3).map { _ in describe(line.arrive()) } == ["open", "open", "wait"])
    #expect(line.opened == 2)
  }

  @Test func `waiters are served in the order of their arrival`() {
    var line = Line(capacity: 1)
    _ = line.arrive()
    for waiter in 1...3 { line.enter(waiter, number: UInt64(waiter)) }
    #expect((0..<4).map { _ in line.giveBack("a") } == [1, 2, 3, nil])
    #expect(line.freeCount == 1)
  }

  @Test func `the resource used last is used next`() {
    var line = Line(capacity: 2)
    _ = (line.arrive(), line.arrive())
    _ = (line.giveBack("a"), line.giveBack("b"))
    #expect([describe(line.arrive()), describe(line.arrive())] == ["take b", "take a"])
  }

  @Test func `one who left is passed over, and can leave once only`() {
    var line = Line(capacity: 1)
    _ = line.arrive()
    for waiter in 1...3 { line.enter(waiter, number: UInt64(waiter)) }
    #expect(line.leave(number: 2) == 2)
    #expect(line.leave(number: 2) == nil)
    #expect(line.waitingCount == 2)
    #expect((0..<3).map { _ in line.giveBack("a") } == [1, 3, nil])
    #expect(line.leave(number: 1) == nil)
  }

  @Test func `a line that never ends does not grow`() {
    var line = Line(capacity: 1)
    _ = line.arrive()
    var served: [Int?] = []
    line.enter(0, number: 0)
    for waiter in 1..<10_000 {
      line.enter(waiter, number: UInt64(waiter))
      served.append(line.giveBack("a"))
    }
    #expect(served == (0..<9_999).map { $0 })
    #expect(line.waitingCount == 1)
    #expect(line.placeCount < 100)
  }

  @Test func `those who leave while nobody is served leave no places`() {
    var line = Line(capacity: 1)
    _ = line.arrive()
    line.enter(0, number: 0)
    for waiter in 1..<10_000 {
      line.enter(waiter, number: UInt64(waiter))
      _ = line.leave(number: UInt64(waiter))
    }
    line.enter(1, number: 10_000)
    #expect(line.placeCount < 100)
    #expect((0..<3).map { _ in line.giveBack("a") } == [0, 1, nil])
  }

  @Test func `when opening fails the next waiter may try`() {
    var line = Line(capacity: 1)
    _ = line.arrive()
    line.enter(1, number: 1)
    #expect(line.fail() == 1)
    #expect(line.opened == 1)
    #expect(line.fail() == nil)
    #expect(line.opened == 0)
    #expect(describe(line.arrive()) == "open")
  }

  @Test func `closing turns waiters away and takes back what was lent`() {
    var line = Line(capacity: 2)
    _ = (line.arrive(), line.arrive())
    line.enter(1, number: 1)
    _ = line.giveBack("a")
    _ = line.giveBack("a")
    line.enter(2, number: 2)
    let closed = line.close()
    #expect(closed.waiters == [2])
    #expect(closed.free == ["a"])
    #expect(line.opened == 1)
    #expect(describe(line.arrive()) == "closed")
    #expect(line.giveBack("b") == nil)
    #expect(line.opened == 0)
  }
}

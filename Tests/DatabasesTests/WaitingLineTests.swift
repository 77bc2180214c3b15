import Testing

@testable import Databases

@Suite struct WaitingLineTests {
  private typealias Line = WaitingLine<String, Int>

  private let start = ContinuousClock.now

  private func line(capacity: Int, _ configure: (inout PoolLimits) -> Void = { _ in }) -> Line {
    var limits = PoolLimits(capacity: capacity)
    configure(&limits)
    return Line(limits)
  }

  /// A resource that exists since the start.
  private func loan(_ name: String) -> Loan<String> { Loan(resource: name, openedAt: start) }

  private func after(_ seconds: Int) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

  private func describe(_ outcome: Line.Return) -> String {
    switch outcome {
    case .hand(let waiter): "hand to \(waiter)"
    case .keep: "keep"
    case .close: "close"
    case .replace(let waiter): "replace for \(waiter)"
    }
  }

  private func describe(_ arrival: Line.Arrival) -> String {
    switch arrival {
    case .take(let loan): "take \(loan.resource)"
    case .open: "open"
    case .wait: "wait"
    case .refuse: "refuse"
    case .closed: "closed"
    }
  }

  @Test func `resources are opened up to the capacity, then one waits`() {
    var line = line(capacity: 2)
    #expect((0..<3).map { _ in describe(line.arrive()) } == ["open", "open", "wait"])
    #expect(line.opened == 2)
  }

  @Test func `waiters are served in the order of their arrival`() {
    var line = line(capacity: 1)
    _ = line.arrive()
    for waiter in 1...3 { line.enter(waiter, number: UInt64(waiter), at: start) }
    #expect(
      (0..<4).map { _ in describe(line.giveBack(loan("a"), at: start)) } == [
        "hand to 1", "hand to 2", "hand to 3", "keep",
      ])
    #expect(line.freeCount == 1)
  }

  @Test func `the resource used last is used next`() {
    var line = line(capacity: 2)
    _ = (line.arrive(), line.arrive())
    _ = (line.giveBack(loan("a"), at: start), line.giveBack(loan("b"), at: start))
    #expect([describe(line.arrive()), describe(line.arrive())] == ["take b", "take a"])
  }

  @Test func `one who left is passed over, and can leave once only`() {
    var line = line(capacity: 1)
    _ = line.arrive()
    for waiter in 1...3 { line.enter(waiter, number: UInt64(waiter), at: start) }
    #expect(line.leave(number: 2) == 2)
    #expect(line.leave(number: 2) == nil)
    #expect(line.waitingCount == 2)
    #expect(
      (0..<3).map { _ in describe(line.giveBack(loan("a"), at: start)) } == ["hand to 1", "hand to 3", "keep"])
    #expect(line.leave(number: 1) == nil)
  }

  @Test func `a line that never ends does not grow`() {
    var line = line(capacity: 1)
    _ = line.arrive()
    var served: [String] = []
    line.enter(0, number: 0, at: start)
    for waiter in 1..<10_000 {
      line.enter(waiter, number: UInt64(waiter), at: start)
      served.append(describe(line.giveBack(loan("a"), at: start)))
    }
    #expect(served == (0..<9_999).map { "hand to \($0)" })
    #expect(line.waitingCount == 1)
    #expect(line.placeCount < 100)
  }

  @Test func `those who leave while nobody is served leave no places`() {
    var line = line(capacity: 1)
    _ = line.arrive()
    line.enter(0, number: 0, at: start)
    for waiter in 1..<10_000 {
      line.enter(waiter, number: UInt64(waiter), at: start)
      _ = line.leave(number: UInt64(waiter))
    }
    line.enter(1, number: 10_000, at: start)
    #expect(line.placeCount < 100)
    #expect(
      (0..<3).map { _ in describe(line.giveBack(loan("a"), at: start)) } == ["hand to 0", "hand to 1", "keep"])
  }

  @Test func `when opening fails the next waiter may try`() {
    var line = line(capacity: 1)
    _ = line.arrive()
    line.enter(1, number: 1, at: start)
    #expect(line.fail(at: start) == 1)
    #expect(line.opened == 1)
    #expect(line.fail(at: start) == nil)
    #expect(line.opened == 0)
    #expect(describe(line.arrive()) == "open")
  }

  @Test func `closing turns waiters away and takes back what was lent`() {
    var line = line(capacity: 2)
    _ = (line.arrive(), line.arrive())
    line.enter(1, number: 1, at: start)
    _ = line.giveBack(loan("a"), at: start)
    _ = line.giveBack(loan("a"), at: start)
    line.enter(2, number: 2, at: start)
    let closed = line.close()
    #expect(closed.waiters == [2])
    #expect(closed.free == ["a"])
    #expect(line.opened == 1)
    #expect(describe(line.arrive()) == "closed")
    #expect(describe(line.giveBack(loan("b"), at: start)) == "close")
    #expect(line.opened == 0)
  }

  @Test func `one more than may lie idle is closed`() {
    var line = line(capacity: 3) { $0.idle = 1 }
    _ = (line.arrive(), line.arrive())
    #expect(["a", "b"].map { describe(line.giveBack(loan($0), at: start)) } == ["keep", "close"])
    #expect(line.opened == 1)
    #expect(line.statistics.closedAsIdle == 1)
  }

  @Test func `one more than may lie idle is kept for a while, and the one that was used last the longest`() {
    var line = line(capacity: 3) {
      $0.idle = 1
      $0.idleTime = .seconds(5)
    }
    _ = (line.arrive(), line.arrive(), line.arrive())
    for (second, name) in ["a", "b", "c"].enumerated() {
      #expect(describe(line.giveBack(loan(name), at: after(second))) == "keep")
    }
    #expect(line.nextExpiry() == after(5))
    #expect(line.expire(at: after(5)).spent == ["a"])
    #expect(line.expire(at: after(100)).spent == ["b"])
    #expect(line.nextExpiry() == nil)
    #expect(line.statistics.closedAsIdle == 2)
    #expect(line.opened == 1)
    #expect(describe(line.arrive()) == "take c")
  }

  @Test func `past the idle ones another is opened for who has waited for long enough`() {
    var line = line(capacity: 3) {
      $0.idle = 1
      $0.hesitation = .milliseconds(50)
      $0.patience = .seconds(30)
    }
    #expect((0..<2).map { _ in describe(line.arrive()) } == ["open", "wait"])
    for waiter in 1...3 { line.enter(waiter, number: UInt64(waiter), at: start) }
    let due = start.advanced(by: .milliseconds(50))
    #expect(line.nextExpiry() == due)
    let expiry = line.expire(at: due)
    #expect(expiry.opening == [1, 2])
    #expect(expiry.impatient.isEmpty)
    #expect(line.opened == 3)
    #expect(line.nextExpiry() == after(30))
    #expect(describe(line.giveBack(loan("a"), at: due)) == "hand to 3")
  }

  @Test func `who has waited for long enough opens nothing where one is handed over first`() {
    var line = line(capacity: 2) {
      $0.idle = 1
      $0.hesitation = .milliseconds(50)
    }
    _ = (line.arrive(), line.arrive())
    line.enter(1, number: 1, at: start)
    #expect(describe(line.giveBack(loan("a"), at: start)) == "hand to 1")
    #expect(line.expire(at: after(1)).opening.isEmpty)
    #expect(line.opened == 1)
  }

  @Test func `an old one is replaced for who waits, and closed when nobody does`() {
    var line = line(capacity: 1) { $0.lifetime = .seconds(60) }
    _ = line.arrive()
    line.enter(1, number: 1, at: after(59))
    #expect(describe(line.giveBack(loan("a"), at: after(59))) == "hand to 1")
    line.enter(2, number: 2, at: after(59))
    #expect(describe(line.giveBack(loan("a"), at: after(60))) == "replace for 2")
    #expect(line.opened == 1)
    #expect(describe(line.giveBack(loan("a"), at: after(60))) == "close")
    #expect(line.opened == 0)
    #expect(line.statistics.closedAsOld == 2)
  }

  @Test func `what expires first is known, and expires alone`() {
    var line = line(capacity: 2) {
      $0.lifetime = .seconds(60)
      $0.patience = .seconds(5)
    }
    #expect(line.nextExpiry() == nil)
    _ = (line.arrive(), line.arrive())
    line.enter(1, number: 1, at: after(10))
    line.enter(2, number: 2, at: after(12))
    #expect(line.nextExpiry() == after(15))
    #expect(line.expire(at: after(14)).impatient.isEmpty)
    #expect(line.expire(at: after(15)).impatient == [1])
    _ = line.leave(number: 2)
    #expect(line.nextExpiry() == nil)
    _ = line.giveBack(loan("a"), at: after(20))
    #expect(line.nextExpiry() == after(60))
    #expect(line.expire(at: after(60)).spent == ["a"])
    #expect(line.opened == 1)
  }

  @Test func `a full line refuses, and what was waited adds up`() {
    var line = line(capacity: 1) { $0.waiters = 1 }
    _ = line.arrive()
    line.enter(1, number: 1, at: start)
    #expect(describe(line.arrive()) == "refuse")
    _ = line.giveBack(loan("a"), at: after(3))
    line.enter(2, number: 2, at: after(3))
    _ = line.giveBack(loan("a"), at: after(5))
    #expect(line.statistics.waits == 2)
    #expect(line.statistics.waitTime == .seconds(5))
    #expect(line.statistics.inUse == 1)
  }
}

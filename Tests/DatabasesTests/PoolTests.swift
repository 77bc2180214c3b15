import Synchronization
import Testing

@testable import Databases

@Suite struct PoolTests {
  private struct CannotOpen: Error {}

  private final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    func add(_ difference: Int) -> Int { value.add(difference, ordering: .relaxed).newValue }
  }

  private final class Order: Sendable {
    private let served = Mutex<[Int]>([])

    var waiters: [Int] { served.withLock { $0 } }

    func append(_ waiter: Int) { served.withLock { $0.append(waiter) } }
  }

  @Test func `no more resources are lent at once than the capacity`() async throws {
    let lent = Counter()
    let pool = Pool(PoolLimits(capacity: 3)) { 0 }
    try await withThrowingTaskGroup { group in
      for _ in 0..<50 {
        group.addTask {
          let resource = try await pool.acquire()
          #expect(lent.add(1) <= 3)
          await Task.yield()
          _ = lent.add(-1)
          pool.release(resource)
        }
      }
      try await group.waitForAll()
    }
    #expect(pool.statistics.open <= 3)
    #expect(pool.waitingCount == 0)
  }

  @Test func `waiters are served first come, first served`() async throws {
    let pool = Pool(PoolLimits(capacity: 1)) { 0 }
    let order = Order()
    let resource = try await pool.acquire()
    try await withThrowingTaskGroup { group in
      for waiter in 0..<5 {
        group.addTask {
          let resource = try await pool.acquire()
          order.append(waiter)
          pool.release(resource)
        }
        while pool.waitingCount <= waiter { await Task.yield() }
      }
      pool.release(resource)
      try await group.waitForAll()
    }
    #expect(order.waiters == [0, 1, 2, 3, 4])
  }

  @Test func `a resource that cannot be opened fails its caller and frees the place`() async throws {
    let attempts = Counter()
    let pool = Pool(PoolLimits(capacity: 1)) {
      if attempts.add(1) == 1 { throw CannotOpen() }
      return 7
    }
    await #expect(throws: CannotOpen.self) { try await pool.acquire() }
    #expect(try await pool.acquire().resource == 7)
  }

  @Test func `closing waits for what is lent and turns away who waits`() async throws {
    let discarded = Order()
    let pool = Pool(PoolLimits(capacity: 1)) {
      0
    } discard: { resource in
      discarded.append(resource)
    }
    let resource = try await pool.acquire()
    let waiting = Task { try await pool.acquire() }
    while pool.waitingCount == 0 { await Task.yield() }
    let closing = Task { await pool.close() }
    let error = await databaseError { try await waiting.value }
    #expect(error?.kind == .unavailable)
    #expect(pool.statistics.open == 1)
    pool.release(resource)
    #expect(await closing.value.isEmpty)
    #expect(pool.statistics.open == 0)
    #expect(discarded.waiters == [0])
    let late = await databaseError { try await pool.acquire() }
    #expect(late?.kind == .unavailable)
  }

  @Test func `what has lived its time is closed while idle, never while lent`() async throws {
    let time = ManualTime()
    let discarded = Order()
    let opened = Counter()
    var limits = PoolLimits(capacity: 2)
    limits.lifetime = .seconds(600)
    let pool = Pool(limits, clock: { time.now }) {
      opened.add(1)
    } discard: { resource in
      discarded.append(resource)
    }
    let lent = try await pool.acquire()
    pool.release(try await pool.acquire())
    time.advance(by: .seconds(601))
    pool.sweep()
    #expect(discarded.waiters == [2])
    pool.release(lent)
    #expect(discarded.waiters == [2, 1])
    #expect(try await pool.acquire().resource == 3)
    #expect(pool.statistics.closedAsOld == 2)
  }

  @Test func `no more stay idle than the bound says`() async throws {
    let discarded = Order()
    var limits = PoolLimits(capacity: 3)
    limits.idle = 1
    let opened = Counter()
    let pool = Pool(limits) {
      opened.add(1)
    } discard: { resource in
      discarded.append(resource)
    }
    let loans = [try await pool.acquire(), try await pool.acquire(), try await pool.acquire()]
    #expect(pool.statistics.inUse == 3)
    for loan in loans { pool.release(loan) }
    #expect(discarded.waiters == [2, 3])
    #expect(pool.statistics.closedAsIdle == 2)
    #expect(pool.statistics.open == 1)
  }

  @Test func `whose patience is over is turned away, and who finds a full line at once`() async throws {
    let time = ManualTime()
    var limits = PoolLimits(capacity: 1)
    limits.patience = .seconds(600)
    limits.waiters = 1
    let pool = Pool(limits, clock: { time.now }) { 0 }
    let lent = try await pool.acquire()
    let waiting = Task { try await pool.acquire() }
    while pool.waitingCount == 0 { await Task.yield() }
    let refused = await databaseError { try await pool.acquire() }
    #expect(refused?.kind == .unavailable)
    time.advance(by: .seconds(600))
    pool.sweep()
    let error = await databaseError { try await waiting.value }
    #expect(error?.kind == .unavailable)
    #expect(pool.waitingCount == 0)
    pool.release(lent)
    #expect(pool.statistics.idle == 1)
  }

  @Test func `a cancelled task leaves the line`() async throws {
    let pool = Pool(PoolLimits(capacity: 1)) { 0 }
    let lent = try await pool.acquire()
    let waiting = Task { try await pool.acquire() }
    while pool.waitingCount == 0 { await Task.yield() }
    waiting.cancel()
    let error = await databaseError { try await waiting.value }
    #expect(error?.kind == .cancelled)
    #expect(pool.waitingCount == 0)
    pool.release(lent)
  }
}

/// A clock that stands until it is moved.
private final class ManualTime: Sendable {
  private let instant = Mutex(ContinuousClock.now)

  var now: ContinuousClock.Instant { instant.withLock { $0 } }

  func advance(by duration: Duration) { instant.withLock { $0 = $0.advanced(by: duration) } }
}

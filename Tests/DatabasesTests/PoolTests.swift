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
    let pool = Pool(capacity: 3) { 0 }
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
    #expect(pool.openedCount <= 3)
    #expect(pool.waitingCount == 0)
  }

  @Test func `waiters are served first come, first served`() async throws {
    let pool = Pool(capacity: 1) { 0 }
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
    let pool = Pool(capacity: 1) {
      if attempts.add(1) == 1 { throw CannotOpen() }
      return 7
    }
    await #expect(throws: CannotOpen.self) { try await pool.acquire() }
    #expect(try await pool.acquire() == 7)
  }

  @Test func `closing waits for what is lent and turns away who waits`() async throws {
    let pool = Pool(capacity: 1) { 0 }
    let resource = try await pool.acquire()
    let waiting = Task { try await pool.acquire() }
    while pool.waitingCount == 0 { await Task.yield() }
    let closing = Task { await pool.close() }
    let error = await databaseError { try await waiting.value }
    #expect(error?.kind == .unavailable)
    #expect(pool.openedCount == 1)
    pool.release(resource)
    #expect(await closing.value.isEmpty)
    #expect(pool.openedCount == 0)
    let late = await databaseError { try await pool.acquire() }
    #expect(late?.kind == .unavailable)
  }
}

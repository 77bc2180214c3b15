import Testing

@testable import VerbatimStore

@Suite struct AppendQueueTests {
  private func queue(_ sizes: [Int], _ change: (inout AppendLimits) -> Void) -> AppendQueue<Int> {
    var limits = AppendLimits()
    change(&limits)
    var queue = AppendQueue<Int>(limits: limits)
    for (index, size) in sizes.enumerated() { queue.push(index, size: size) }
    return queue
  }

  @Test func `a batch closes at its count`() {
    var queue = queue(Array(repeating: 1, count: 5)) { $0.batchCount = 2 }
    #expect(queue.takeBatch() == [0, 1])
    #expect(queue.takeBatch() == [2, 3])
    #expect(queue.takeBatch() == [4])
    #expect(queue.takeBatch() == [])
    #expect(queue.bytes == 0)
  }

  @Test func `a batch closes at its bytes`() {
    var queue = queue([4, 4, 4, 1]) { $0.batchBytes = 8 }
    #expect(queue.takeBatch() == [0, 1])
    #expect(queue.takeBatch() == [2, 3])
  }

  @Test func `an exchange larger than a batch goes alone`() {
    var queue = queue([1, 100, 1]) { $0.batchBytes = 8 }
    #expect(queue.takeBatch() == [0])
    #expect(queue.takeBatch() == [1])
    #expect(queue.takeBatch() == [2])
  }

  @Test func `an empty queue has room for anything, a full one for nothing`() {
    var queue = queue([]) {
      $0.queueCount = 2
      $0.queueBytes = 10
    }
    #expect(queue.hasRoom(for: 1_000))
    queue.push(0, size: 6)
    #expect(queue.hasRoom(for: 4))
    #expect(!queue.hasRoom(for: 5))
    queue.push(1, size: 1)
    #expect(!queue.hasRoom(for: 1))
  }

  @Test func `order is kept while taking and pushing alternate`() {
    var queue = queue([]) {
      $0.batchCount = 3
      $0.queueCount = 4
    }
    var taken: [Int] = []
    for index in 0..<100 {
      queue.push(index, size: 1)
      if index % 2 == 0 { taken += queue.takeBatch() }
    }
    while !queue.isEmpty { taken += queue.takeBatch() }
    #expect(taken == Array(0..<100))
  }
}

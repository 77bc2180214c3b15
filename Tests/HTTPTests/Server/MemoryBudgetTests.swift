import Testing

@testable import HTTP

struct MemoryBudgetTests {
  private let unit = MemoryBudget.allowance * 2

  @Test func `one lease goes on past the limit, and the line is served in order`() {
    var line = MemoryLine(limit: 10)
    func grants(_ bytes: Int, _ lease: Int) -> Bool { line.take(bytes, for: lease) }
    #expect(grants(6, 1))
    #expect(grants(6, 2))
    #expect(!grants(1, 1))
    line.wait(MemoryLine.Request(ticket: 11, lease: 1, bytes: 1))
    line.wait(MemoryLine.Request(ticket: 12, lease: 3, bytes: 9))
    line.wait(MemoryLine.Request(ticket: 13, lease: 4, bytes: 1))
    #expect(grants(50, 2))
    #expect(line.taken == 62)
    #expect(line.giveBack(50, of: 2) == [])
    #expect(line.giveBack(6, of: 2) == [11, 12])
    #expect(line.taken == 16)
    line.giveUp(13)
    #expect(line.giveBack(16, of: 3) == [])
    #expect(line.taken == 0)
  }

  @Test func `small bodies take nothing`() async throws {
    let budget = MemoryBudget(limit: 0)
    let (one, other) = (budget.lease(), budget.lease())
    try await one.hold(unit)
    try await other.hold(MemoryBudget.allowance)
    #expect(budget.taken == unit)
  }

  @Test func `what is held is given back as it shrinks and ends`() async throws {
    let budget = MemoryBudget(limit: 10 * unit)
    let lease = budget.lease()
    try await lease.hold(3 * unit)
    try await lease.hold(unit, for: .decoding)
    #expect(budget.taken == 4 * unit)
    try await lease.hold(unit)
    #expect(budget.taken == 2 * unit)
    lease.end()
    #expect(budget.taken == 0)
  }

  @Test func `who waits goes on when the other ends`() async throws {
    let budget = MemoryBudget(limit: unit, sleep: { _ in try await Self.forever() })
    let (first, second) = (budget.lease(), budget.lease())
    try await first.hold(2 * unit)
    async let waiting: Void = second.hold(unit)
    while budget.waiting == 0 { await Task.yield() }
    first.end()
    try await waiting
    #expect(budget.taken == unit)
  }

  @Test func `who waits too long is told to come again, and holds what it held`() async throws {
    let budget = MemoryBudget(limit: 2 * unit, patience: .seconds(4), sleep: { _ in })
    let (first, second) = (budget.lease(), budget.lease())
    try await second.hold(unit)
    try await first.hold(2 * unit)
    await #expect(throws: HTTPError.overloaded(retryAfter: .seconds(2))) { try await second.hold(2 * unit) }
    #expect(budget.taken == 3 * unit)
    second.end()
    #expect(budget.taken == 2 * unit)
  }

  @Test func `who is cancelled leaves the line`() async throws {
    let budget = MemoryBudget(limit: 0, sleep: { _ in try await Self.forever() })
    let first = budget.lease()
    try await first.hold(unit)
    let waiting = Task { try await budget.lease().hold(self.unit) }
    while budget.waiting == 0 { await Task.yield() }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(budget.waiting == 0)
    #expect(budget.taken == unit)
  }

  @Test func `half-read bodies do not wait for each other for ever`() async throws {
    let budget = MemoryBudget(limit: 3 * unit, sleep: { _ in try await Self.forever() })
    let handler = BodyMemory(budget).before { request in
      HTTPResponse(status: 200, body: .bytes(try await request.body.collect(upTo: .max)))
    }
    try await withThrowingTaskGroup(of: Int.self) { [unit] group in
      for _ in 0..<8 {
        group.addTask {
          let parts = Parts(count: 8, size: unit)
          let request = HTTPRequest(method: "POST", path: "/", body: RequestBody { await parts.next() })
          guard case .bytes(let bytes) = try await handler(request).body else { return 0 }
          return bytes.count
        }
      }
      for try await count in group { #expect(count == 8 * unit) }
    }
    #expect(budget.taken == 0)
  }

  @Test func `a small body that expands takes memory until its request ends`() async throws {
    let budget = MemoryBudget(limit: 100 * unit)
    let handler = chain([BodyMemory(budget), RequestDecoding()]) { request in
      let body = try await request.body.collect(upTo: .max)
      #expect(budget.taken >= body.count)
      return HTTPResponse(status: 200)
    }
    let encoded = try RequestCoding.gzip.encode([UInt8](repeating: 7, count: 8 * unit))
    #expect(encoded.count < MemoryBudget.allowance)
    _ = try await handler(
      HTTPRequest(method: "POST", path: "/", fields: ["Content-Encoding": "gzip"], body: RequestBody(encoded)))
    #expect(budget.taken == 0)
  }

  @Test func `a zstd window counts`() async throws {
    let budget = MemoryBudget(limit: 1000 * unit)
    let handler = chain([BodyMemory(budget), RequestDecoding()]) { request in
      _ = try await request.body.next()
      #expect(budget.taken > 1 << 20)
      return HTTPResponse(status: 200)
    }
    let encoded = try RequestCoding.zstd.encode([UInt8](repeating: 7, count: 8 << 20))
    _ = try await handler(
      HTTPRequest(method: "POST", path: "/", fields: ["Content-Encoding": "zstd"], body: RequestBody(encoded)))
    #expect(budget.taken == 0)
  }

  private static func forever() async throws {
    let (stream, _) = AsyncStream<Never>.makeStream()
    for await _ in stream {}
    try Task.checkCancellation()
  }
}

/// A body that yields between its parts, so that others get on.
private actor Parts {
  private var count: Int
  private let size: Int

  init(count: Int, size: Int) {
    self.count = count
    self.size = size
  }

  func next() async -> ArraySlice<UInt8>? {
    await Task.yield()
    guard count > 0 else { return nil }
    count -= 1
    return [UInt8](repeating: 1, count: size)[...]
  }
}

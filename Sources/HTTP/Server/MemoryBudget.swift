import Synchronization

/// The memory that all request bodies may take together.
///
/// A body takes as its bytes arrive, whatever length it claimed. When everything is taken, one body at a time goes on
/// nevertheless, lest half-read bodies wait for each other; the others stand in line for it. So no more is taken than
/// the limit and one body.
package final class MemoryBudget: Sendable {
  /// What every request has besides: small bodies neither count nor wait.
  package static let allowance = 64 << 10

  private static let longestLine = 1000

  private let patience: Duration
  private let sleep: @Sendable (Duration) async throws -> Void
  private let state: Mutex<State>

  private struct State {
    var line: MemoryLine
    var waiters: [Int: Waiter] = [:]
    var lastNumber = 0

    mutating func number() -> Int {
      lastNumber += 1
      return lastNumber
    }
  }

  private struct Waiter {
    let continuation: CheckedContinuation<Bool, Never>
    let timer: Task<Void, Never>

    func resume(_ isGranted: Bool) {
      timer.cancel()
      continuation.resume(returning: isGranted)
    }
  }

  /// `patience`: how long a body waits for memory.
  package init(
    limit: Int, patience: Duration = .seconds(10),
    sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.patience = patience
    self.sleep = sleep
    state = Mutex(State(line: MemoryLine(limit: limit)))
  }

  package var taken: Int { state.withLock { $0.line.taken } }

  /// How many bodies wait.
  var waiting: Int { state.withLock { $0.waiters.count } }

  package func lease() -> MemoryLease { MemoryLease(of: self, number: state.withLock { $0.number() }) }

  fileprivate func take(_ bytes: Int, for lease: Int) async throws {
    let ticket: Int? = state.withLock { state in
      state.line.take(bytes, for: lease) ? nil : state.number()
    }
    guard let ticket else { return }
    let isGranted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        stand(continuation, in: MemoryLine.Request(ticket: ticket, lease: lease, bytes: bytes))
        // A cancellation before would have found nobody in the line.
        if Task.isCancelled { giveUp(ticket) }
      }
    } onCancel: {
      giveUp(ticket)
    }
    guard !isGranted else { return }
    try Task.checkCancellation()
    throw HTTPError.overloaded(retryAfter: max(.seconds(1), patience / 2))
  }

  private func stand(_ continuation: CheckedContinuation<Bool, Never>, in request: MemoryLine.Request) {
    let answer: Bool? = state.withLock { state in
      if state.line.take(request.bytes, for: request.lease) { return true }
      guard state.waiters.count < Self.longestLine else { return false }
      state.line.wait(request)
      let timer = Task { [patience, sleep] in
        do { try await sleep(patience) } catch { return }
        self.giveUp(request.ticket)
      }
      state.waiters[request.ticket] = Waiter(continuation: continuation, timer: timer)
      return nil
    }
    if let answer { continuation.resume(returning: answer) }
  }

  private func giveUp(_ ticket: Int) {
    let waiter = state.withLock { state in
      state.line.giveUp(ticket)
      return state.waiters.removeValue(forKey: ticket)
    }
    waiter?.resume(false)
  }

  fileprivate func giveBack(_ bytes: Int, of lease: Int) {
    let granted = state.withLock { state in
      state.line.giveBack(bytes, of: lease).compactMap { state.waiters.removeValue(forKey: $0) }
    }
    for waiter in granted { waiter.resume(true) }
  }
}

/// What one request has taken of a budget, until `end`.
package final class MemoryLease: Sendable {
  package enum Use: Sendable {
    /// Bytes of the body.
    case content
    /// A decoder's own.
    case decoding
  }

  private struct Held {
    var content = 0
    var decoding = 0

    var charge: Int { content + decoding > MemoryBudget.allowance ? content + decoding : 0 }
  }

  private let budget: MemoryBudget
  private let number: Int
  private let held = Mutex(Held())

  fileprivate init(of budget: MemoryBudget, number: Int) {
    self.budget = budget
    self.number = number
  }

  /// Says how much is held now; waits for what is more than before. One caller at a time.
  /// Throws `HTTPError.overloaded`, and then holds what it held before.
  package func hold(_ bytes: Int, for use: Use = .content) async throws {
    let before = held.withLock { $0 }
    var after = before
    switch use {
    case .content: after.content = bytes
    case .decoding: after.decoding = bytes
    }
    if after.charge > before.charge { try await budget.take(after.charge - before.charge, for: number) }
    held.withLock { [after] in $0 = after }
    if after.charge < before.charge { budget.giveBack(before.charge - after.charge, of: number) }
  }

  /// Gives everything back.
  package func end() {
    let charge = held.withLock { held in
      defer { held = Held() }
      return held.charge
    }
    if charge > 0 { budget.giveBack(charge, of: number) }
  }
}

/// Who has memory and who stands in line for it.
struct MemoryLine {
  struct Request {
    let ticket: Int
    let lease: Int
    let bytes: Int
  }

  let limit: Int
  private(set) var taken = 0
  /// The lease that goes on past the limit; nil while the limit is kept.
  private var overdrawn: Int?
  private var line: [Request] = []

  init(limit: Int) { self.limit = limit }

  /// False: the lease has to wait.
  mutating func take(_ bytes: Int, for lease: Int) -> Bool {
    guard line.isEmpty || overdrawn == lease else { return false }
    return grant(bytes, to: lease)
  }

  mutating func wait(_ request: Request) { line.append(request) }

  mutating func giveUp(_ ticket: Int) { line.removeAll { $0.ticket == ticket } }

  /// Gives the tickets of those who have their memory now.
  mutating func giveBack(_ bytes: Int, of lease: Int) -> [Int] {
    taken -= bytes
    if taken <= limit { overdrawn = nil }
    var served = 0
    while served < line.count, grant(line[served].bytes, to: line[served].lease) { served += 1 }
    defer { line.removeFirst(served) }
    return line.prefix(served).map(\.ticket)
  }

  private mutating func grant(_ bytes: Int, to lease: Int) -> Bool {
    if taken + bytes > limit {
      guard overdrawn == nil || overdrawn == lease else { return false }
      overdrawn = lease
    }
    taken += bytes
    return true
  }
}

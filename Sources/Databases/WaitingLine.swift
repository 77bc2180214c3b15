/// Who gets which of a bounded number of resources: waiters first come, first served; the resource used last is
/// reused first, for its cache is warm.
///
/// A plain value that takes events and says what is to be done; `Pool` does it.
struct WaitingLine<Resource, Waiter> {
  enum Arrival {
    case take(Resource)
    /// Open another one; `fail` when that does not succeed.
    case open
    case wait
    case closed
  }

  private(set) var isClosed = false
  /// Resources that exist or are being opened, free ones included.
  private(set) var opened = 0
  private let capacity: Int
  private var free: [Resource] = []
  private var waiters: [(number: UInt64, waiter: Waiter)?] = []
  private var firstWaiter = 0

  init(capacity: Int) { self.capacity = max(1, capacity) }

  var freeCount: Int { free.count }
  var waitingCount: Int { waiters[firstWaiter...].count { $0 != nil } }

  mutating func arrive() -> Arrival {
    if isClosed { return .closed }
    if let resource = free.popLast() { return .take(resource) }
    if opened < capacity {
      opened += 1
      return .open
    }
    return .wait
  }

  mutating func enter(_ waiter: Waiter, number: UInt64) {
    waiters.append((number, waiter))
  }

  /// The waiter, unless it has been served already.
  mutating func leave(number: UInt64) -> Waiter? {
    guard let index = waiters[firstWaiter...].firstIndex(where: { $0?.number == number }) else { return nil }
    defer { waiters[index] = nil }
    return waiters[index]?.waiter
  }

  /// A resource comes back: the waiter that gets it, or nil when it is kept (or, closed, is the caller's to close).
  mutating func giveBack(_ resource: Resource) -> Waiter? {
    if let waiter = popWaiter() { return waiter }
    if isClosed {
      opened -= 1
    } else {
      free.append(resource)
    }
    return nil
  }

  /// A resource could not be opened: the waiter that may try in its place.
  mutating func fail() -> Waiter? {
    if let waiter = popWaiter() { return waiter }
    opened -= 1
    return nil
  }

  /// Nobody is served from now on: the waiters to turn away and the free resources to close.
  mutating func close() -> (waiters: [Waiter], free: [Resource]) {
    isClosed = true
    let turnedAway = waiters[firstWaiter...].compactMap { $0?.waiter }
    let closing = free
    opened -= closing.count
    free = []
    waiters = []
    firstWaiter = 0
    return (turnedAway, closing)
  }

  private mutating func popWaiter() -> Waiter? {
    while firstWaiter < waiters.count {
      defer { firstWaiter += 1 }
      if let entry = waiters[firstWaiter] {
        waiters[firstWaiter] = nil
        return entry.waiter
      }
    }
    waiters.removeAll(keepingCapacity: true)
    firstWaiter = 0
    return nil
  }
}

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
  /// In the order of their arrival; nil for those who were served or left.
  private var waiters: [(number: UInt64, waiter: Waiter)?] = []
  private var firstWaiter = 0
  private var vacated = 0
  private static var fewestToClear: Int { 32 }

  init(capacity: Int) { self.capacity = max(1, capacity) }

  var freeCount: Int { free.count }
  var waitingCount: Int { waiters.count - vacated }
  /// Places that are held in memory, the vacated ones included.
  var placeCount: Int { waiters.count }

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
    return vacate(index)
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
    vacated = 0
    return (turnedAway, closing)
  }

  private mutating func popWaiter() -> Waiter? {
    while firstWaiter < waiters.count {
      if let waiter = vacate(firstWaiter) { return waiter }
      firstWaiter += 1
    }
    return nil
  }

  /// Empties a place; nil when it was empty. Clears the vacated places away when they are most of the line, so that a
  /// line which never ends does not grow.
  private mutating func vacate(_ index: Int) -> Waiter? {
    guard let entry = waiters[index] else { return nil }
    waiters[index] = nil
    vacated += 1
    if vacated >= Self.fewestToClear, vacated * 2 > waiters.count {
      waiters.removeAll { $0 == nil }
      firstWaiter = 0
      vacated = 0
    }
    return entry.waiter
  }
}

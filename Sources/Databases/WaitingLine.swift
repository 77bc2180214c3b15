/// A resource that is lent, and since when it exists.
struct Loan<Resource> {
  let resource: Resource
  let openedAt: ContinuousClock.Instant
}

extension Loan: Sendable where Resource: Sendable {}

/// Who gets which of a bounded number of resources: waiters first come, first served; the resource used last is
/// reused first, for its cache is warm.
///
/// A plain value that takes events and says what is to be done; `Pool` does it.
struct WaitingLine<Resource, Waiter> {
  typealias Instant = ContinuousClock.Instant

  enum Arrival {
    case take(Loan<Resource>)
    /// Open another one; `fail` when that does not succeed.
    case open
    case wait
    /// Too many wait already.
    case refuse
    case closed
  }

  enum Return {
    case hand(to: Waiter)
    case keep
    /// Nobody is to use it any more.
    case close
    /// Too old: close it, and let the waiter open another one.
    case replace(for: Waiter)
  }

  private struct Place {
    let number: UInt64
    let waiter: Waiter
    let since: Instant
  }

  private struct Free {
    let loan: Loan<Resource>
    let since: Instant
  }

  /// What has become due.
  struct Expiry {
    /// Free, and too old or too many: to be closed.
    var spent: [Resource] = []
    /// Those whose patience is over.
    var impatient: [Waiter] = []
    /// Those who have waited for long enough to open another one.
    var opening: [Waiter] = []
  }

  private(set) var isClosed = false
  /// Resources that exist or are being opened, free ones included.
  private(set) var opened = 0
  private let limits: PoolLimits
  /// The one that was used last stands last.
  private var free: [Free] = []
  /// In the order of their arrival; nil for those who were served or left.
  private var places: [Place?] = []
  private var firstPlace = 0
  private var vacated = 0
  private var counts = PoolStatistics()
  private static var fewestToClear: Int { 32 }

  init(_ limits: PoolLimits) {
    self.limits = limits
    counts.capacity = limits.capacity
  }

  var freeCount: Int { free.count }
  var waitingCount: Int { places.count - vacated }
  /// Places that are held in memory, the vacated ones included.
  var placeCount: Int { places.count }

  var statistics: PoolStatistics {
    var statistics = counts
    statistics.open = opened
    statistics.idle = free.count
    statistics.waiting = waitingCount
    return statistics
  }

  mutating func arrive() -> Arrival {
    if isClosed { return .closed }
    if let last = free.popLast() { return .take(last.loan) }
    if !limits.areMet(by: opened) {
      opened += 1
      return .open
    }
    return waitingCount < limits.waiters ? .wait : .refuse
  }

  mutating func enter(_ waiter: Waiter, number: UInt64, at now: Instant) {
    places.append(Place(number: number, waiter: waiter, since: now))
  }

  /// The waiter, unless it has been served already.
  mutating func leave(number: UInt64) -> Waiter? {
    guard let index = places[firstPlace...].firstIndex(where: { $0?.number == number }) else { return nil }
    return vacate(index)?.waiter
  }

  /// What becomes of a resource that comes back.
  mutating func giveBack(_ loan: Loan<Resource>, at now: Instant) -> Return {
    if isOld(loan, at: now) {
      if !isClosed { counts.closedAsOld += 1 }
      return fail(at: now).map { .replace(for: $0) } ?? .close
    }
    if let waiter = serve(at: now) { return .hand(to: waiter) }
    guard !isClosed, free.count < limits.idle || limits.idleTime > .zero else {
      if !isClosed { counts.closedAsIdle += 1 }
      opened -= 1
      return .close
    }
    free.append(Free(loan: loan, since: now))
    return .keep
  }

  /// A resource could not be opened, or is gone: the waiter that may try in its place.
  mutating func fail(at now: Instant) -> Waiter? {
    if let waiter = serve(at: now) { return waiter }
    opened -= 1
    return nil
  }

  mutating func expire(at now: Instant) -> Expiry {
    var expiry = Expiry(spent: closeOld(at: now) + closeIdle(at: now))
    while let due = patienceEnds(), due <= now, let place = vacate(firstPlace) { expiry.impatient.append(place.waiter) }
    while let due = hesitationEnds(), due <= now, let waiter = serve(at: now) {
      opened += 1
      expiry.opening.append(waiter)
    }
    return expiry
  }

  private mutating func closeOld(at now: Instant) -> [Resource] {
    let old = free.filter { isOld($0.loan, at: now) }
    guard !old.isEmpty else { return [] }
    free = free.filter { !isOld($0.loan, at: now) }
    opened -= old.count
    counts.closedAsOld += old.count
    return old.map(\.loan.resource)
  }

  private mutating func closeIdle(at now: Instant) -> [Resource] {
    let idle = free.prefix(max(0, free.count - limits.idle)).prefix { $0.since.advanced(by: limits.idleTime) <= now }
    free.removeFirst(idle.count)
    opened -= idle.count
    counts.closedAsIdle += idle.count
    return idle.map(\.loan.resource)
  }

  /// When `expire` will have something to do, as far as is known now.
  mutating func nextExpiry() -> Instant? {
    let oldest: Instant? = limits.lifetime.flatMap { lifetime in
      free.map(\.loan.openedAt).min()?.advanced(by: lifetime)
    }
    let idle: Instant? = free.count > limits.idle ? free.first?.since.advanced(by: limits.idleTime) : nil
    return [oldest, idle, patienceEnds(), hesitationEnds()].compactMap(\.self).min()
  }

  private mutating func patienceEnds() -> Instant? {
    limits.patience.flatMap { firstWaiting()?.since.advanced(by: $0) }
  }

  private mutating func hesitationEnds() -> Instant? {
    guard opened < limits.capacity else { return nil }
    return firstWaiting()?.since.advanced(by: limits.hesitation)
  }

  /// Nobody is served from now on: the waiters to turn away and the free resources to close.
  mutating func close() -> (waiters: [Waiter], free: [Resource]) {
    isClosed = true
    let turnedAway = places[firstPlace...].compactMap { $0?.waiter }
    let closing = free.map(\.loan.resource)
    opened -= closing.count
    free = []
    places = []
    firstPlace = 0
    vacated = 0
    return (turnedAway, closing)
  }

  private func isOld(_ loan: Loan<Resource>, at now: Instant) -> Bool {
    guard let lifetime = limits.lifetime else { return false }
    return loan.openedAt.advanced(by: lifetime) <= now
  }

  private mutating func serve(at now: Instant) -> Waiter? {
    guard firstWaiting() != nil, let place = vacate(firstPlace) else { return nil }
    counts.waits += 1
    counts.waitTime += place.since.duration(to: now)
    return place.waiter
  }

  /// Who has waited longest; passes over those who left.
  private mutating func firstWaiting() -> Place? {
    while firstPlace < places.count {
      if let place = places[firstPlace] { return place }
      firstPlace += 1
    }
    return nil
  }

  /// Empties a place; nil when it was empty. Clears the vacated places away when they are most of the line, so that a
  /// line which never ends does not grow.
  private mutating func vacate(_ index: Int) -> Place? {
    guard let place = places[index] else { return nil }
    places[index] = nil
    vacated += 1
    if vacated >= Self.fewestToClear, vacated * 2 > places.count {
      places.removeAll { $0 == nil }
      firstPlace = 0
      vacated = 0
    }
    return place
  }
}

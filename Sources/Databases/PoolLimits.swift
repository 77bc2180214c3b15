/// How many resources a pool has, and how long it keeps them and those who wait.
struct PoolLimits: Sendable {
  /// The most that exist at once.
  var capacity: Int
  /// The most that are kept while nobody uses them, and that are opened at once.
  var idle: Int = .max
  /// How long one waits before another is opened past `idle`: where uses are short, more of them would only take the
  /// server's processors from each other.
  var hesitation: Duration = .zero
  /// How long one past `idle` is kept: closing it at once would open the next one anew with each use.
  var idleTime: Duration = .zero
  /// How old one may become; an older one is closed when nobody uses it.
  var lifetime: Duration?
  /// How long one waits for a resource.
  var patience: Duration?
  /// How many may wait at once.
  var waiters: Int = .max

  init(capacity: Int) { self.capacity = max(1, capacity) }

  /// Whether anything here asks for the time.
  var areTimed: Bool { lifetime != nil || patience != nil || hesitation > .zero || idleTime > .zero }

  /// Whether another may be opened at once where there are as many as this.
  func areMet(by opened: Int) -> Bool {
    opened >= (hesitation > .zero ? min(capacity, max(1, idle)) : capacity)
  }
}

/// What a pool holds at a moment, and what it has done since it was opened.
package struct PoolStatistics: Sendable, Equatable {
  /// The most resources that exist at once.
  package var capacity = 0
  /// Resources that exist or are being opened.
  package var open = 0
  /// Those that nobody uses.
  package var idle = 0
  /// Tasks that wait for one now.
  package var waiting = 0
  /// How many waits have ended with a resource.
  package var waits = 0
  /// How long these waits took together.
  package var waitTime: Duration = .zero
  /// Closed since enough others lay idle.
  package var closedAsIdle = 0
  /// Closed since they had become too old.
  package var closedAsOld = 0

  package var inUse: Int { open - idle }
}

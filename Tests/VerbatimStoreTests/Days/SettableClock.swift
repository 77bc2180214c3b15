import Synchronization

/// A clock that a test turns.
final class SettableClock: Sendable {
  private let time: Atomic<Int64>

  /// Unix milliseconds.
  init(_ time: Int64) { self.time = Atomic(time) }

  var now: Int64 { time.load(ordering: .relaxed) }

  func set(_ time: Int64) { self.time.store(time, ordering: .relaxed) }
}

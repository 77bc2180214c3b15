import Glibc
import Synchronization

extension UUIDv7 {
  /// Gives ids that ascend strictly within the process, whatever the clock does.
  ///
  /// RFC 9562, section 6.2, method 2: a new millisecond begins with a random tail whose top bit is clear; within it, and
  /// while the clock stands or steps back, the tail grows by a random step. A tail that would overflow borrows the next
  /// millisecond.
  package final class Generator: Sendable {
    /// Unix milliseconds.
    package typealias Clock = @Sendable () -> Int64
    package typealias RandomSource = @Sendable () -> UInt64

    fileprivate struct State {
      /// The last id given; nil at first.
      var last: UUIDv7?
      /// The last number that an id of a given time was ordered by.
      var lastOrder: UInt64 = 0
      var random: BufferedRandom
    }

    private let clock: Clock
    private let state: Mutex<State>

    /// Without a random source of its own, the system's.
    package init(clock: @escaping Clock = UnixClock.milliseconds, random: RandomSource? = nil) {
      self.clock = clock
      self.state = Mutex(State(random: BufferedRandom(source: random)))
    }

    /// Reserves `count` consecutive ids and gives the first.
    ///
    /// Ids of one given time ascend in the order in which they are asked for, for runs of up to 2^23; so turns that are
    /// recorded later, with a time in whole seconds, keep their order.
    package func next(count: Int = 1, at milliseconds: Int64? = nil) -> UUIDv7 {
      let last = UInt64(max(count, 1) - 1)
      let now = clock()
      if let milliseconds {
        return state.withLock { $0.ordered(at: milliseconds, now: now) }
      }
      return state.withLock { state in
        let first = state.following(now: now, last: last)
        state.last = first.adding(last)
        return first
      }
    }
  }
}

extension UUIDv7.Generator.State {
  /// The clear top bit leaves room for 2^73 ids after it.
  mutating func fresh(at milliseconds: Int64) -> UUIDv7 {
    UUIDv7(milliseconds: milliseconds, highTail: random.next() & 0x7ff, lowTail: random.next())
  }

  /// The tail begins with 50 bits of the present time and a count within its millisecond, and ends with 24 bits of
  /// which the topmost is clear: half of them random, half room for the run.
  mutating func ordered(at milliseconds: Int64, now: Int64) -> UUIDv7 {
    lastOrder = max(lastOrder + 1, UInt64(clamping: now) << 8 & 0x3_ffff_ffff_ffff)
    return UUIDv7(
      milliseconds: milliseconds, highTail: lastOrder >> 38, lowTail: lastOrder << 24 | random.next() & 0x7f_ffff)
  }

  /// The first of a run that ends `last` ids later, in one millisecond, after all ids before.
  mutating func following(now: Int64, last: UInt64) -> UUIDv7 {
    guard let previous = self.last, now <= previous.milliseconds else { return fresh(at: now) }
    let first = previous.adding(1 + random.next() & 0xffff_ffff)
    guard first.adding(last).milliseconds == previous.milliseconds else { return fresh(at: previous.milliseconds + 1) }
    return first
  }
}

/// Random words, taken from the system 32 at a time: a system call for each would cost more than the id.
private struct BufferedRandom {
  private static let size = 32

  private let source: UUIDv7.Generator.RandomSource?
  private var words: [UInt64] = []

  init(source: UUIDv7.Generator.RandomSource?) {
    self.source = source
  }

  mutating func next() -> UInt64 {
    if let source { return source() }
    if let word = words.popLast() { return word }
    var system = SystemRandomNumberGenerator()
    guard refill() else { return system.next() }
    return words.popLast() ?? system.next()
  }

  /// getentropy(3) gives up to 256 bytes.
  private mutating func refill() -> Bool {
    words = [UInt64](repeating: 0, count: Self.size)
    return words.withUnsafeMutableBytes { getentropy($0.baseAddress, $0.count) == 0 }
  }
}

import Synchronization
import VerbatimStore

/// What this process has seen of each channel: whether it answers, and whether it takes `stream_options`.
final class ChannelHealth: Sendable {
  private struct State {
    var breakers: [Int64: CircuitBreaker] = [:]
    var refusesUsage: Set<Int64> = []
  }

  private let state = Mutex(State())

  /// Whether a call may be made; one that may must be noted with `note`.
  func admits(_ channel: Channel) -> Bool {
    state.withLock { $0.breakers[channel.id, default: CircuitBreaker()].admits(at: .now) }
  }

  /// When it may be worth asking again.
  func pause(of channel: Channel) -> Duration {
    state.withLock { $0.breakers[channel.id]?.opensAgain(at: .now) } ?? .zero
  }

  func note(_ channel: Channel, hasAnswered: Bool) {
    state.withLock { state in
      if hasAnswered {
        state.breakers[channel.id] = nil
      } else {
        state.breakers[channel.id, default: CircuitBreaker()].noteFailure(at: .now)
      }
    }
  }

  /// A call that was let through could not be sent, or was given up, which says nothing about the channel.
  func noteUnasked(_ channel: Channel) { state.withLock { $0.breakers[channel.id]?.noteUnasked(at: .now) } }

  func wantsUsage(_ channel: Channel) -> Bool {
    switch channel.usage {
    case .on: true
    case .off: false
    case .auto: state.withLock { !$0.refusesUsage.contains(channel.id) }
    }
  }

  func noteUsageRefused(by channel: Channel) { state.withLock { _ = $0.refusesUsage.insert(channel.id) } }

  /// After channels were changed: whoever was mended is asked again.
  func forget() { state.withLock { $0 = State() } }
}

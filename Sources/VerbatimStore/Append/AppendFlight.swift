import Synchronization

/// A batch that a server is committing: its callers are answered by the outcome, or told in time that there is none.
///
/// A server may hang for as long as it likes; what it then says of a batch that was given up is heard by nobody.
final class AppendFlight: Sendable {
  private enum State: UInt8 { case inAir, landed, givenUp }

  let entries: ArraySlice<AppendLane.Entry>
  private let state = Atomic<UInt8>(State.inAir.rawValue)

  init(_ entries: ArraySlice<AppendLane.Entry>) { self.entries = entries }

  /// Whether the callers are still there to be answered.
  func land() -> Bool { leaveAir(for: .landed) }

  /// Whether the callers are to be told that there is no answer.
  func giveUp() -> Bool { leaveAir(for: .givenUp) }

  private func leaveAir(for state: State) -> Bool {
    self.state.compareExchange(
      expected: State.inAir.rawValue, desired: state.rawValue, ordering: .acquiringAndReleasing
    ).exchanged
  }
}

import Synchronization

/// Whether something cannot be used, so that its going and its coming back are told once each.
final class Outage: Sendable {
  private let isOn = Mutex(false)

  /// Calls one of them where that has changed.
  func note<Failure: Error>(_ error: Failure?, began: (Failure) -> Void, ended: () -> Void) {
    let hasChanged = isOn.withLock { isOn in
      defer { isOn = error != nil }
      return isOn != (error != nil)
    }
    guard hasChanged else { return }
    if let error { began(error) } else { ended() }
  }
}

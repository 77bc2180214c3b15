import Foundation

/// Blocks a connection's own thread until it is opened.
final class HeldGate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func wait() { semaphore.wait() }

  func open() { semaphore.signal() }
}

import CPostgres
import Glibc

/// Waits for a socket, unless another thread signals.
final class PostgresWakeUp: Sendable {
  private let descriptor: Int32

  init() throws(DatabaseError) {
    descriptor = cpostgres_event_descriptor()
    guard descriptor >= 0 else {
      throw DatabaseError(kind: .unavailable, code: errno, message: "no descriptor: \(systemMessage(errno))")
    }
  }

  deinit { Glibc.close(descriptor) }

  /// From any thread. Who waits does so no longer; who comes next does not wait.
  func signal() {
    var one: UInt64 = 1
    // It fails only when it is readable anyway.
    _ = write(descriptor, &one, 8)
  }

  /// Whether `socket` is ready for `events`; false when a signal came first or the time is over. A negative time never
  /// is.
  func wait(for events: Int32, on socket: Int32, milliseconds: Int32) -> Bool {
    withUnsafeTemporaryAllocation(of: pollfd.self, capacity: 2) { descriptors in
      descriptors[0] = pollfd(fd: socket, events: Int16(events), revents: 0)
      descriptors[1] = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(descriptors.baseAddress, 2, milliseconds) > 0 else { return false }
      if descriptors[1].revents != 0 {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
      }
      return descriptors[0].revents != 0
    }
  }

  /// Whether there is something to read at this moment.
  func hasInput(_ socket: Int32) -> Bool {
    var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) > 0
  }
}

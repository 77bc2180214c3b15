import CPostgres
import Dispatch

/// Asks the server to end the commands of one connection.
///
/// libpq's call for that waits for the server's answer, which never comes where that hangs: so it runs on a thread that
/// may be left behind. `@unchecked Sendable`: PQcancel may be called from any thread, and the handle, which nobody
/// changes, is freed with the last reference.
final class PostgresCanceller: @unchecked Sendable {
  private let handle: OpaquePointer?

  init(_ connection: OpaquePointer) { handle = PQgetCancel(connection) }

  deinit { PQfreeCancel(handle) }

  /// False when the server has said nothing for so long; it may yet hear of it.
  func cancel(within patience: Duration) -> Bool {
    let hasEnded = DispatchSemaphore(value: 0)
    DispatchQueue.global().async {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
        // Who cannot be reached cannot be stopped either; the command's own connection will tell.
        _ = PQcancel(self.handle, message.baseAddress, Int32(message.count))
      }
      hasEnded.signal()
    }
    return hasEnded.wait(timeout: .now() + .milliseconds(Int(patience / .milliseconds(1)))) == .success
  }
}

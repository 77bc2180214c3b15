import Dispatch
import Glibc
import Synchronization

/// Stops the statement that runs on a connection, from any thread: a second, short-lived connection tells the server to.
///
/// What is told may come too early, when the server has not begun the statement, and is forgotten then: it is told again
/// until the statement has ended. Or it may come too late and hit the next one: so whoever runs statements says when one
/// begins and ends, and the end waits until nobody tells the server any more. Where the server does not heed it, the
/// connection is cut.
final class QueryKiller: Sendable {
  private struct State {
    var isRunning = false
    /// The server is being told to stop the statement that runs.
    var isAsked = false
  }

  private static let patience = Duration.seconds(2)
  /// How long the server may take to stop a statement.
  private static let stopPatience = Duration.seconds(5)
  /// Milliseconds until the server is told again.
  private static let shortestPause = 5
  private static let longestPause = 500

  private let address: MySQLAddress
  private let number: UInt
  /// The connection's, which is open as long as a statement runs.
  private let socket: Int32
  private let state = Mutex(State())
  private let telling = DispatchGroup()
  /// Signalled once for each statement that the server was told to stop.
  private let hasEnded = DispatchSemaphore(value: 0)

  /// `number` is the server's number for the connection whose statements are to be stopped.
  init(_ address: MySQLAddress, number: UInt, socket: Int32) {
    self.address = address.impatient(Self.patience)
    self.number = number
    self.socket = socket
  }

  func begin() { state.withLock { $0 = State(isRunning: true) } }

  /// Whether the server was told to stop the statement: it may still do so with the next one.
  func end() -> Bool {
    let isAsked = state.withLock { state in
      defer { state = State() }
      return state.isAsked
    }
    if isAsked {
      hasEnded.signal()
      telling.wait()
    }
    return isAsked
  }

  /// Returns at once; nothing happens while no statement runs.
  func kill() {
    let isFirst = state.withLock { state in
      guard state.isRunning, !state.isAsked else { return false }
      state.isAsked = true
      telling.enter()
      return true
    }
    if isFirst { DispatchQueue.global().async { self.tellUntilEnd() } }
  }

  /// Runs what takes a server a moment, behind a statement, where nobody cancels it; cuts the connection where it does
  /// not end in time.
  func cuttingInTime(_ work: () throws(DatabaseError) -> Void) throws(DatabaseError) {
    let watch = Watch(socket)
    let patience = Double(Self.stopPatience.components.seconds)
    DispatchQueue.global().asyncAfter(deadline: .now() + patience) { watch.cut() }
    defer { watch.end() }
    try work()
  }

  private final class Watch: Sendable {
    private let socket: Mutex<Int32?>

    init(_ socket: Int32) { self.socket = Mutex(socket) }

    func cut() { socket.withLock { if let socket = $0 { _ = shutdown(socket, Int32(SHUT_RDWR)) } } }

    /// From now on the number may be another connection's.
    func end() { socket.withLock { $0 = nil } }
  }

  private func tellUntilEnd() {
    defer { telling.leave() }
    let deadline = ContinuousClock.now + Self.stopPatience
    var messenger: MySQLHandle?
    var pause = Self.shortestPause
    repeat {
      do throws(DatabaseError) {
        let reached = if let messenger { messenger } else { try MySQLHandle(address) }
        messenger = reached
        try reached.run("KILL QUERY \(number)")
      } catch {
        // Cannot be reached, takes no more connections, or knows the connection no more: the next time may do.
        messenger = nil
      }
      if ContinuousClock.now > deadline { shutdown(socket, Int32(SHUT_RDWR)) }
      pause = min(2 * pause, Self.longestPause)
    } while hasEnded.wait(timeout: .now() + .milliseconds(pause)) == .timedOut
  }
}

extension MySQLAddress {
  fileprivate func impatient(_ patience: Duration) -> MySQLAddress {
    var address = self
    address.connectTimeout = min(connectTimeout, patience)
    address.readTimeout = patience
    address.writeTimeout = patience
    return address
  }
}

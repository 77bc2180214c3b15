import Foundation
import Glibc
import Synchronization

/// A spawned process whose standard output is read line by line and whose standard error goes to a file.
final class ChildProcess: Sendable {
  enum Ending: Equatable {
    case code(Int32)
    case signal(Int32)
  }

  let identifier: pid_t
  private let output: Mutex<LineReader>
  private let ending = Mutex<Ending?>(nil)
  private let errorPath: String

  init(_ command: [String], environment: [String: String] = [:]) throws {
    errorPath = FileManager.default.temporaryDirectory.appendingPathComponent("verbatim-\(UUID().uuidString).log").path
    // A pair of sockets, unlike a pipe, closes on exec from the start: no other child inherits an end of it.
    var ends: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
      throw ServerFailure("no socket pair: \(errno)")
    }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    let variables = ProcessInfo.processInfo.environment.merging(environment) { _, own in own }
    var arguments = command.map { strdup($0) } + [nil]
    var environmentStrings = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for string in arguments + environmentStrings { free(string) } }

    var child = pid_t()
    let code = posix_spawnp(&child, command[0], &actions, nil, &arguments, &environmentStrings)
    close(ends[1])
    guard code == 0 else {
      close(ends[0])
      throw ServerFailure("\(command[0]) cannot be started: \(String(cString: strerror(code)))")
    }
    identifier = child
    output = Mutex(LineReader(descriptor: ends[0]))
  }

  deinit {
    signal(SIGKILL)
    _ = waitForExit()
    output.withLock { $0.close() }
    unlink(errorPath)
  }

  /// The next line of standard output; nil at its end. Blocks.
  func nextOutputLine() -> String? { output.withLock { $0.next() } }

  /// What was written to standard error until now.
  var errorOutput: String {
    FileManager.default.contents(atPath: errorPath).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Sent only while the process is not yet collected, so that it cannot reach another one with the same identifier.
  func signal(_ number: Int32) {
    ending.withLock { if $0 == nil { kill(identifier, number) } }
  }

  /// Blocks until the process has ended.
  func waitForExit() -> Ending {
    // Waits without collecting first: a signal may be sent by another thread meanwhile.
    var information = siginfo_t()
    while ending.withLock({ $0 }) == nil {
      guard waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) == 0 || errno == EINTR else { break }
      ending.withLock { collect(&$0) }
    }
    return ending.withLock { $0 } ?? .code(-1)
  }

  private func collect(_ ending: inout Ending?) {
    var status: Int32 = 0
    guard ending == nil, waitpid(identifier, &status, WNOHANG) == identifier else { return }
    let signal = status & 0x7f
    ending = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
  }
}

/// Cuts what a descriptor gives into lines.
private struct LineReader {
  let descriptor: Int32
  private var buffered: [UInt8] = []

  init(descriptor: Int32) { self.descriptor = descriptor }

  mutating func next() -> String? {
    while true {
      if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffered.removeSubrange(...end) }
        return String(decoding: buffered[..<end], as: UTF8.self)
      }
      var chunk = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &chunk, chunk.count)
      guard count > 0 else { return nil }
      buffered += chunk[..<count]
    }
  }

  func close() { _ = Glibc.close(descriptor) }
}

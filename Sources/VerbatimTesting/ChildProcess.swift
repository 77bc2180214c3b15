import CSpawn
import Foundation
import Glibc
import Synchronization

/// A program run as a process of its own, with no signal blocked and no descriptor of ours but the three it is given.
///
/// Foundation's `Process` is not used: on Linux it copies directory entries past the end of their buffer while it looks
/// for open descriptors, which crashes a process that has many, and its children inherit blocked signals.
package final class ChildProcess: Sendable {
  package struct Ending: Sendable, Equatable {
    /// The exit code, or the number of the signal.
    package let code: Int32
    package let wasSignalled: Bool

    package static let cleanExit = Ending(code: 0, wasSignalled: false)
    package static let killed = Ending(code: SIGKILL, wasSignalled: true)

    package init(code: Int32, wasSignalled: Bool) {
      self.code = code
      self.wasSignalled = wasSignalled
    }

    fileprivate init(status: Int32) {
      let signal: Int32 = status & 0x7f
      self.init(code: signal == 0 ? status >> 8 & 0xff : signal, wasSignalled: signal != 0)
    }
  }

  private struct State {
    var ending: Ending?
    var waiting: [CheckedContinuation<Ending, Never>] = []
  }

  /// Shared with the thread that waits, which outlives this.
  private final class Course: Sendable {
    let state = Mutex(State())

    func end(_ ending: Ending) {
      let waiting = state.withLock { state in
        state.ending = ending
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume(returning: ending) }
    }
  }

  package let processIdentifier: Int32
  private let course = Course()

  /// `program` is looked for in `PATH` unless it is a path. Descriptors that are nil are `/dev/null`.
  package init(
    _ program: String, _ arguments: [String], environment: [String: String]? = nil, folder: String? = nil,
    input: Int32? = nil, output: Int32? = nil, errors: Int32? = nil
  ) throws {
    processIdentifier = try Self.spawn(
      program, arguments, environment ?? ProcessInfo.processInfo.environment, folder, [input, output, errors])
    let (identifier, course) = (processIdentifier, course)
    Thread.detachNewThread {
      var status: Int32 = 0
      while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
      course.end(Ending(status: status))
    }
  }

  deinit { send(SIGKILL) }

  package var isRunning: Bool { course.state.withLock { $0.ending == nil } }

  /// Nothing happens to a process that has ended.
  package func send(_ signal: Int32) {
    course.state.withLock { state in
      if state.ending == nil { _ = kill(processIdentifier, signal) }
    }
  }

  /// Returns when the process has ended; may be called again. A task that is cancelled, as by a time limit, kills it.
  @discardableResult
  package func waitForEnding() async -> Ending {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let ending: Ending? = course.state.withLock { state in
          if state.ending == nil { state.waiting.append(continuation) }
          return state.ending
        }
        if let ending { continuation.resume(returning: ending) }
      }
    } onCancel: {
      send(SIGKILL)
    }
  }

  private static func spawn(
    _ program: String, _ arguments: [String], _ environment: [String: String], _ folder: String?,
    _ descriptors: [Int32?]
  ) throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (target, descriptor) in descriptors.enumerated() {
      if let descriptor {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(target))
      } else {
        posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
      }
    }
    if let folder { posix_spawn_file_actions_addchdir_np(&actions, folder) }
    posix_spawn_file_actions_addclosefrom_np(&actions, 3)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let words = ([program] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    var identifier: Int32 = 0
    let code = posix_spawnp(&identifier, program, &actions, &attributes, words, variables)
    guard code == 0 else { throw SpawnError("cannot start \(program): \(String(cString: strerror(code)))") }
    return identifier
  }
}
